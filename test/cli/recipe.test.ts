import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSafetensors } from "../../src/formats/safetensors/index.js";
import { tar } from "../data/make-tar.js";
import { jsonLines, ocelli, start, tinyFolder } from "./run.js";

const root = tinyFolder();
const recipe = {
  version: 1,
  model: { name: "resnet20", imageSize: 16 },
  data: { train: "tiny", validation: "tiny/val" },
  seed: 4,
  training: {
    phases: [
      { name: "small", epochs: 2, train: "all", lr: 0.01, lrMult: 1, schedule: "cosine", imageSize: 12 },
      { name: "whole", epochs: 2, train: "all", lr: 0.01, lrMult: 1, schedule: { name: "constant", warmup: { steps: 2 } } },
    ],
    batchSize: 6,
    optimizer: "sgd",
    batchNorm: "train",
    ema: { decay: 0.5 },
    augmentation: { scale: [0.5, 1] },
    distillation: { teacher: "teacher.safetensors", logits: { temperature: 2 }, embedding: { weight: 0.2 }, views: 2 },
  },
  save: { dtype: "float16", notes: { weights: "of a test" } },
};
writeFileSync(join(root, "recipe.json"), JSON.stringify(recipe));
const args = (name: string) => ["train", "--recipe", "recipe.json", "-o", `${name}.safetensors`, "--checkpoint", `${name}.checkpoint`, "--json"];
const bytes = (name: string) => readFileSync(join(root, name));

describe("ocelli train --recipe", () => {
  it("trains what the recipe says; killed and resumed it ends in the same model and checkpoint, byte for byte", async () => {
    const teach = ["train", "tiny", "-m", "small_cnn", "-w", "random", "--epochs", "0", "--freeze-epochs", "1", "-o", "teacher.safetensors", "--no-report"];
    expect((await ocelli(teach, root)).stderr).toBe("");
    const whole = await ocelli(args("whole"), root);
    expect(whole.stderr).toBe("");
    const epochs = jsonLines(whole.stdout).filter(({ event }) => event === "epoch");
    expect(epochs.map(({ phase }) => phase)).toEqual(["small", "small", "whole", "whole"]);

    const killed = await start(args("killed"), root, (line, child) => void (JSON.parse(line).epoch === 2 && child.kill("SIGTERM")));
    expect(killed.code).toBe(143);
    expect(existsSync(join(root, "killed.safetensors"))).toBe(false);
    expect((await ocelli([...args("killed"), "--resume"], root)).code).toBe(0);
    for (const kind of ["safetensors", "checkpoint"]) expect(bytes(`killed.${kind}`).equals(bytes(`whole.${kind}`)), kind).toBe(true);

    const file = await openSafetensors(join(root, "whole.safetensors"));
    expect(JSON.parse(file.metadata.get("ocelli.recipe") as string)).toEqual(recipe);
    expect(file.tensors.get("conv1.weight")?.dtype).toBe("F16");
    await file.close();
  });

  it("trains what a recipe starts from first, and once; stopped in it, it goes on there", async () => {
    const training = { epochs: 2, batchSize: 6, lr: 0.01 };
    const stage = (name: string, model: object) => writeFileSync(join(root, `${name}.json`), JSON.stringify({ ...recipe, model, training }));
    const made = (folder: string) => ({ weights: { recipe: "stage-1.json", file: `${folder}/1.safetensors` } });
    const run = (name: string) => ["train", "--recipe", `${name}.json`, "-o", `${name}.safetensors`, "--json", "--no-report"];
    stage("stage-1", recipe.model);
    for (const name of ["both", "stopped"]) stage(name, made(name));
    const both = await ocelli(run("both"), root);
    expect(both.stderr).toBe("");
    const outputs = (stdout: string) => jsonLines(stdout).flatMap(({ event, output }) => (event === "done" ? [output] : []));
    expect(outputs(both.stdout)).toEqual(["both/1.safetensors", "both.safetensors"]);
    expect((await ocelli([...run("stopped"), "--resume"], root)).stderr).toContain("--resume: there is no checkpoint stopped/1.safetensors.checkpoint");
    const stopped = await start(run("stopped"), root, (line, child) => void (JSON.parse(line).epoch === 1 && child.kill("SIGTERM")));
    expect([stopped.code, existsSync(join(root, "stopped/1.safetensors"))]).toEqual([143, false]);
    const rest = await ocelli([...run("stopped"), "--resume"], root);
    expect(jsonLines(rest.stdout).flatMap(({ event, epoch }) => (event === "epoch" ? [epoch] : []))).toEqual([2, 1, 2]);
    const tensors = async (name: string) => {
      const file = await openSafetensors(join(root, name));
      const [digests, kept] = ["ocelli.sha256", "ocelli.recipe"].map((key) => file.metadata.get(key) as string);
      await file.close();
      return { digests, model: JSON.parse(kept).model };
    };
    for (const name of ["1.safetensors", ".safetensors"].map((end, i) => ["both", "stopped"].map((of) => (i ? of + end : `${of}/${end}`))))
      expect((await tensors(name[1])).digests).toBe((await tensors(name[0])).digests);
    expect((await tensors("both.safetensors")).digests).not.toBe((await tensors("both/1.safetensors")).digests);
    expect((await tensors("both.safetensors")).model).toEqual(made("both"));
    expect(outputs((await ocelli(run("both"), root)).stdout)).toEqual(["both.safetensors"]);
    stage("stage-1", { weights: { recipe: "ring.json", file: "ring/2.safetensors" } });
    stage("ring", made("ring"));
    expect((await ocelli(run("ring"), root)).stderr).toContain("model.weights: expected what another recipe makes, got one that begins with this (ring.json)");
  });

  it("trains on a part of some archives", async () => {
    const images = readdirSync(join(root, "tiny"), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".png"));
    const entries = images.map((path) => ({ path: `tiny/${path}`, data: bytes(join("tiny", path)) }));
    for (const part of [0, 1]) writeFileSync(join(root, `part-${part}.tar`), tar(entries.filter((_, i) => i % 2 === part)));
    const shards = (prefix: string) => ({ shards: "part-{0..1}.tar", prefix });
    const data = { train: shards("tiny/train/"), validation: shards("tiny/val/") };
    writeFileSync(join(root, "shards.json"), JSON.stringify({ ...recipe, data, training: { epochs: 1, batchSize: 6 } }));
    const { stdout, stderr } = await ocelli(["train", "--recipe", "shards.json", "-o", "shards.safetensors", "--json", "--no-report"], root);
    expect(stderr).toBe("");
    expect(jsonLines(stdout)[0]).toMatchObject({ event: "start", train: 18, validation: 9, classes: ["bag", "sandal", "trouser"] });
    expect(jsonLines(stdout).at(-1)).toMatchObject({ event: "done", output: "shards.safetensors" });
  });

  it("--stop-after ends with a checkpoint and an exit code of its own", async () => {
    writeFileSync(join(root, "long.json"), JSON.stringify({ ...recipe, training: { epochs: 5000, batchSize: 6 } }));
    const long = ["train", "--recipe", "long.json", "-o", "long.safetensors", "--json"];
    const { code, stdout } = await ocelli([...long, "--stop-after", "4s"], root);
    expect(code).toBe(3);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ event: "interrupted", checkpoint: "long.safetensors.checkpoint" });
    expect(existsSync(join(root, "long.safetensors.checkpoint"))).toBe(true);
    expect((await ocelli([...long, "--stop-after", "soon"], root)).stderr).toContain("expected a time such as 90s");
  });

  it("refuses options that the recipe says itself, and says where a recipe is wrong", async () => {
    const beside = await ocelli([...args("x"), "--lr", "0.1"], root);
    expect(beside).toMatchObject({ code: 2 });
    expect(beside.stderr).toContain("--lr: not beside --recipe");
    writeFileSync(join(root, "wrong.json"), JSON.stringify({ ...recipe, training: { epochs: -1 } }));
    const wrong = await ocelli(["train", "--recipe", "wrong.json"], root);
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.stderr).toContain("recipe: training.epochs: expected a whole number from 0 to 100000, found -1 (wrong.json)");
    writeFileSync(join(root, "option.json"), JSON.stringify({ ...recipe, model: { ...recipe.model, options: { depths: 3 } } }));
    expect((await ocelli(["train", "--recipe", "option.json"], root)).stderr).toContain("depths");
    expect((await ocelli(["train"], root)).stderr).toContain("expected a folder of images, or --recipe");
  });
});
