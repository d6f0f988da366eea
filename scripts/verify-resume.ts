/**
 * The same recipe whole, and killed and resumed: `npm run verify:resume`. The recipe is that of the first stage of the package's backbone, teacher, averages and
 * progressive resizing included, on fewer and smaller images, for a thousand steps. Exit code 1 where the two checkpoints differ.
 *
 * Reads Tiny-ImageNet and the teacher from `OCELLI_TEST_ASSETS` (or `../shared/assets`).
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Recipe, RecipeTeacher } from "../src/index.js";

const root = resolve(import.meta.dirname, "..");
const assets = process.env.OCELLI_TEST_ASSETS ?? resolve(root, "../shared/assets");
const folder = mkdtempSync(join(tmpdir(), "ocelli-resume-"));

const { training, ...recipe }: Recipe = JSON.parse(readFileSync(join(root, "models/ocelli-s/recipe-1.json"), "utf8"));
const { distillation, ...learning } = training;
if (!distillation) throw new Error("verify-resume: expected a recipe with a teacher");
const teacher = distillation.teacher as RecipeTeacher;
/** 5,000 images in batches of 15 are 334 steps an epoch, 1,002 in all. */
const phase = { train: "all", lr: 1e-3, lrMult: 1, schedule: "cosine" } as const;
const small: Recipe = {
  ...recipe,
  model: { ...recipe.model, imageSize: 48 },
  data: { train: { shards: join(assets, "data/tiny-imagenet/val.tar"), prefix: "val/" }, validation: 0 },
  training: {
    ...learning,
    phases: [
      { ...phase, name: "small", epochs: 2, imageSize: 32 },
      { ...phase, name: "whole", epochs: 1 },
    ],
    batchSize: 15,
    build: "simd",
    distillation: {
      ...distillation,
      teacher: { ...teacher, weights: join(assets, "weights", teacher.weights.split("/weights/")[1]) },
      teacherSize: 32,
      views: 2,
    },
  },
};
const recipeFile = join(folder, "recipe.json");
writeFileSync(recipeFile, JSON.stringify(small));

/** Trains; `killAfter` so many lines of output, in the middle of the epoch behind them. @returns whether it came to its end */
function train(name: string, { killAfter, resume = false }: { killAfter?: number; resume?: boolean } = {}): Promise<boolean> {
  const files = ["--recipe", recipeFile, "-o", join(folder, name), "--checkpoint", join(folder, `${name}.checkpoint`)];
  const args = [join(root, "dist/cli/main.js"), "train", ...files, "--threads", "1", "--json", "--no-report", ...(resume ? ["--resume"] : [])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let lines = 0;
  let last = performance.now();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    lines += text.split("\n").length - 1;
    console.error(`${name}: ${text.trim().slice(0, 160)}`);
    if (lines >= (killAfter ?? Number.POSITIVE_INFINITY)) setTimeout(() => child.kill("SIGTERM"), (performance.now() - last) / 2);
    last = performance.now();
  });
  return new Promise((done) => child.on("close", (code) => done(code === 0)));
}

const hashOf = (name: string) =>
  createHash("sha256")
    .update(readFileSync(join(folder, `${name}.checkpoint`)))
    .digest("hex");

try {
  if (!(await train("whole"))) throw new Error("verify-resume: the whole training failed");
  if (await train("killed", { killAfter: 2 })) throw new Error("verify-resume: the training was to be killed, and came to its end");
  if (!(await train("killed", { resume: true }))) throw new Error("verify-resume: the resumed training failed");
  const [whole, killed] = [hashOf("whole"), hashOf("killed")];
  console.log(`whole   ${whole}\nkilled  ${killed}\n${whole === killed ? "identical" : "DIFFERENT"} after 1,002 steps`);
  if (whole !== killed) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
