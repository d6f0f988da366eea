/**
 * Are we faster than the other engines on this machine, by how much, and do they agree with us?
 *
 * npm run bench:peers -- --setup     once: installs bench/peers/package.json and makes the models (Python with torch, torchvision, onnx)
 * npm run bench:peers -- [--work inference,training] [--models mobilenet_v2,...] [--peers litert,torch,...] [--threads 1,2]
 *                        [--build simd,relaxed] [--runs 20] [--seconds 60] [--json FILE]
 *
 * Each pair of engines has a process of its own, where both take turns on the same weights and images, after a warm-up; PyTorch is a
 * child of that process and works only in its turns. A ratio is our median by the peer's from one such run. Training is forward,
 * backward and SGD with momentum, batch norm on batch statistics. The table is Markdown; the rows of the JSON are `Row` of
 * peers/pair.ts, ours with the engine it was measured beside, the ratio and how far outputs differ.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fastestBuild } from "../src/runtime/instance.js";
import { engines, slow } from "./peers/engines.js";
import type { Pair, Row } from "./peers/pair.js";
import type { Job } from "./peers/side.js";
import { findPython } from "./peers/torch.js";

const { values } = parseArgs({
  options: {
    setup: { type: "boolean", default: false },
    work: { type: "string", default: "inference,training" },
    models: { type: "string" },
    peers: { type: "string" },
    threads: { type: "string", default: "1" },
    build: { type: "string" },
    runs: { type: "string", default: "20" },
    seconds: { type: "string", default: "60" },
    json: { type: "string" },
  },
});
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const cases: Record<Job["work"], readonly Pick<Job, "model" | "size" | "batch">[]> = {
  inference: ["mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "squeezenet1_0", "resnet18", "resnet50"].map((model) => ({
    model,
    size: 224,
    batch: 1,
  })),
  training: [
    { model: "mobilenet_v2", size: 224, batch: 8 },
    { model: "mobilenet_v2", size: 96, batch: 16 },
    { model: "small_cnn", size: 28, batch: 64 },
    { model: "resnet20", size: 32, batch: 64 },
  ],
};
/** Largest difference of outputs, by their largest number, at which two engines still did the same work. */
const tolerated = 1e-3;
/** Said in the table instead of left out. */
const notMeasured = [
  "training, tfjs-wasm: its backend throws on Conv2DBackpropFilter",
  "training, tfjs-cpu: minutes a step, so only where --peers names it, and only the small CNN",
];

if (values.setup) setUp();
else if (!existsSync(here("peers/node_modules")) || !existsSync(here("peers/models/squeezenet1_0.tflite")))
  throw new Error("the peers are not installed or their models not made: npm run bench:peers -- --setup");
else await compare();

/** Packages without their install scripts, which would fetch GPU binaries; then models. */
function setUp(): void {
  const python = findPython();
  if (!python)
    throw new Error("making the models needs a Python that imports torch and torchvision (Debian: python3-torchvision python3-onnx), or OCELLI_PYTHON");
  const run = (command: string, args: readonly string[]) => execFileSync(command, args, { cwd: here("peers"), stdio: "inherit" });
  run("npm", ["ci", "--ignore-scripts"]);
  run(python, ["make-models.py"]);
  run(python, ["make-training.py"]);
  run(process.execPath, [...process.execArgv, "make-tflite.ts"]);
}

/** All that is asked for, in the order of the table. */
async function jobs(): Promise<Job[]> {
  const works = values.work.split(",") as Job["work"][];
  const models = values.models?.split(",");
  const asked = values.peers?.split(",");
  const known = Object.values(engines).flatMap((engine) => Object.keys(engine));
  for (const peer of asked ?? []) if (!known.includes(peer)) throw new Error(`--peers: expected some of ${[...new Set(known)].join(", ")}, got ${peer}`);
  const fastest = await fastestBuild();
  const list: Job[] = [];
  for (const work of works) {
    const builds = values.build?.split(",") ?? (work === "training" ? [...new Set(["simd", fastest])] : [fastest]);
    const peers = Object.keys(engines[work]).filter((name) => (asked ? asked.includes(name) : !slow.includes(name)));
    for (const { model, size, batch } of cases[work]) {
      if (models && !models.includes(model)) continue;
      for (const threads of values.threads.split(",").map(Number)) {
        for (const peer of peers) {
          for (const build of builds) list.push({ work, model, size, batch, threads, build, peer, runs: Number(values.runs), seconds: Number(values.seconds) });
        }
      }
    }
  }
  return list;
}

async function compare(): Promise<void> {
  const rows: (Row & { against?: string; ratio?: number; difference?: number })[] = [];
  const lines: string[] = [];
  const failures: string[] = [];
  for (const job of await jobs()) {
    const pair = await measured(job);
    const problem =
      "error" in pair
        ? pair.error
        : !(pair.difference <= tolerated) && `outputs of ${pair.peer.engine} (${pair.peer.build}) differ by ${pair.difference.toExponential(1)}`;
    if (problem || "error" in pair) failures.push(`${job.work} ${job.model} ${job.size} px, ${job.build}, ${job.threads} threads, ${job.peer}: ${problem}`);
    else {
      rows.push({ ...pair.ours, against: pair.peer.engine, ratio: pair.ratio, difference: pair.difference }, pair.peer);
      lines.push(line(pair));
    }
    console.error(problem ? failures.at(-1) : lines.at(-1));
  }
  const header = ["work", "batch", "threads", "ours", "ms", "of peak", "peer", "ms", "runs", "ours / peer", "outputs differ by", "peak RSS, MB"];
  console.log(`\n| ${header.join(" | ")} |\n|${"---|".repeat(header.length)}\n${lines.join("\n")}`);
  const notes = [...failures, ...(values.work.includes("training") ? notMeasured : [])];
  if (notes.length > 0) console.log(`\nNot measured:\n${notes.map((note) => `- ${note}`).join("\n")}`);
  if (values.json) writeFileSync(values.json, JSON.stringify(rows, null, 1));
}

/** Runs a job in a process of its own. */
function measured(job: Job): Promise<Pair | { error: string }> {
  const loader = process.execArgv.length > 0 ? process.execArgv : ["--import", "tsx"];
  const child = spawn(process.execPath, [...loader, here("peers/pair.ts"), JSON.stringify(job)], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let log = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    log += text;
  });
  return new Promise((resolve) => {
    child.on("close", (code) => {
      try {
        resolve(JSON.parse(output.trim().split("\n").at(-1) as string));
      } catch {
        resolve({ error: `its process ended with code ${code}: ${log.trim().slice(-400)}` });
      }
    });
  });
}

function line({ ours, peer, ratio, difference }: Pair): string {
  const rss = ours.peak_rss_mb && peer.peak_rss_mb ? `${ours.peak_rss_mb.toFixed(0)} / ${peer.peak_rss_mb.toFixed(0)}` : "";
  const cells = [
    ours.work,
    ours.batch,
    ours.threads === peer.threads ? ours.threads : `${ours.threads} / ${peer.threads}`,
    `${ours.build}, ${ours.runtime}`,
    ours.median_ms.toFixed(2),
    `${Math.round(ours.share_of_peak * 100)} %`,
    `${peer.engine}, ${peer.build}, ${peer.runtime}`,
    peer.median_ms.toFixed(2),
    `${ours.n} / ${peer.n}`,
    ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2),
    difference.toExponential(1),
    rss,
  ];
  return `| ${cells.join(" | ")} |`;
}
