/**
 * How fast are we: beside other engines, beside ourselves with one thread, and which share of the register peak is that?
 *
 * npm run bench -- [--work inference,training] [--models mobilenet_v2,...|all] [--size 96] [--batch 1,8] [--threads 1,2] [--build simd,relaxed]
 *                  [--peers litert,torch,one-thread,...|none] [--browser chromium] [--runs 20] [--seconds 60] [--json FILE]
 * npm run bench -- --profile mobilenet_v2 [--work training] [--batch 8] [--threads 2] ...    per-node table of one program: profile.ts
 * npm run bench -- --setup    once: installs bench/peers/package.json and makes the models (Python with torch, torchvision, onnx)
 *
 * Each pair of engines has a process of its own, where both take turns on the same weights and images, after a warm-up; PyTorch is a
 * child of that process and works only in its turns. A ratio is our median by the peer's from one such run. Training is forward,
 * backward and SGD with momentum, batch norm on batch statistics. The table is Markdown; the rows of the JSON are `Row` of
 * pair.ts, ours with the engine it was measured beside, the ratio and how far outputs differ.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fastestBuild } from "../src/runtime/instance.js";
import { architecture } from "../src/zoo/registry.js";
import { type Job, ourselves } from "./job.js";
import type { Measured, Row } from "./pair.js";
import { engines, slow } from "./peers/engines.js";
import { findPython } from "./peers/torch.js";
import { profile } from "./profile.js";

const { values } = parseArgs({
  options: {
    setup: { type: "boolean", default: false },
    profile: { type: "string" },
    nodes: { type: "boolean", default: false },
    work: { type: "string" },
    models: { type: "string" },
    size: { type: "string" },
    batch: { type: "string" },
    threads: { type: "string" },
    build: { type: "string" },
    peers: { type: "string" },
    browser: { type: "string" },
    runs: { type: "string" },
    seconds: { type: "string", default: "60" },
    json: { type: "string" },
  },
});
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const listed = (text: string | undefined) => text?.split(",");
const installed = existsSync(here("peers/node_modules")) && existsSync(here("peers/models/squeezenet1_0.tflite"));

type Case = Pick<Job, "work" | "model" | "size" | "batch">;
const inference = (model: string): Case => ({ work: "inference", model, size: 224, batch: 1 });
/** What has weights for the peers, too. */
const cases: readonly Case[] = [
  ...["mobilenet_v2", "resnet50", "mobilenet_v3_small", "mobilenet_v3_large", "squeezenet1_0", "resnet18", "efficientnet_b0", "convnext_tiny", "vit_b_16"].map(
    inference,
  ),
  { work: "training", model: "mobilenet_v2", size: 224, batch: 8 },
  { work: "training", model: "mobilenet_v2", size: 96, batch: 16 },
  { work: "training", model: "small_cnn", size: 28, batch: 64 },
  { work: "training", model: "resnet20", size: 32, batch: 64 },
];
/** Without `--models`: minutes instead of half an hour. */
const usual: Record<string, readonly string[]> = { inference: ["mobilenet_v2", "resnet50"], training: ["mobilenet_v2", "small_cnn", "resnet20"] };

/** Largest difference of outputs, by their largest number, at which two engines still did the same work. */
const tolerated = 1e-3;
/** Who runs what `make-models.py` could write as a list of operations. */
const takesOperations = ["litert", "tfjs-wasm"];
/** Said in the table instead of left out. */
const notMeasured: Record<Job["work"], readonly string[]> = {
  inference: ["inference of convnext_tiny and vit_b_16, litert and tfjs-wasm: no list of operations is made of layer norms, GELU and attention"],
  training: [
    "training, tfjs-wasm: its backend throws on Conv2DBackpropFilter",
    "training, tfjs-cpu: minutes a step, so only where --peers names it, and only the small CNN",
  ],
};

if (values.setup) setUp();
else if (values.profile) await profile(values.profile, values);
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

/** What is asked for: those of `cases`, and any other network of the zoo that `--models` names. */
async function chosenCases(work: Job["work"]): Promise<Case[]> {
  const all = values.models === "all";
  const names = all ? undefined : listed(values.models);
  const wanted = values.browser && !names ? ["mobilenet_v2"] : (names ?? usual[work]);
  const known = cases.filter((one) => one.work === work && (all || wanted.includes(one.model)));
  const others = all ? [] : wanted.filter((model) => !cases.some((one) => one.model === model));
  for (const model of others) known.push({ work, model, size: (await architecture(model)).inputSize, batch: work === "training" ? 8 : 1 });
  const sized = values.size ? [...new Map(known.map((one) => [one.model, { ...one, size: Number(values.size) }])).values()] : known;
  return sized.flatMap((one) => listed(values.batch)?.map((batch) => ({ ...one, batch: Number(batch) })) ?? one);
}

/** Who is beside us without `--peers`: everybody on one thread, ourselves on one thread where there are more. */
function usualPeers({ work, model }: Case, threads: number): (string | undefined)[] {
  const known = installed && cases.some((one) => one.model === model && one.work === work);
  const others = known ? Object.keys(engines[work]).filter((name) => !takesOperations.includes(name) || existsSync(here(`peers/models/${model}.json`))) : [];
  if (values.browser) return [...(others.includes("litert") ? ["litert"] : []), "node"];
  if (threads > 1) return ["one-thread"];
  const fast = others.filter((name) => !slow(name, { work, model }));
  return fast.length > 0 ? fast : [undefined];
}

/** All that is asked for, in the order of the table. */
async function jobs(): Promise<Job[]> {
  const asked = listed(values.peers);
  const known = [...new Set(Object.values(engines).flatMap((engine) => Object.keys(engine))), ...ourselves, "none"];
  for (const peer of asked ?? []) if (!known.includes(peer)) throw new Error(`--peers: expected some of ${known.join(", ")}, got ${peer}`);
  const browser = values.browser === undefined || values.browser === "chromium" ? values.browser : undefined;
  if (values.browser && !browser) throw new Error(`--browser: expected chromium, got ${values.browser}`);
  const list: Job[] = [];
  for (const work of (listed(values.work) ?? ["inference", "training"]) as Job["work"][]) {
    const fastest = values.browser ? "auto" : await fastestBuild();
    const builds = listed(values.build) ?? (work === "training" && !values.browser ? [...new Set(["simd", fastest])] : [fastest]);
    for (const one of await chosenCases(work)) {
      for (const threads of (listed(values.threads) ?? ["1", "2"]).map(Number)) {
        const peers = asked?.map((name) => (name === "none" ? undefined : name)) ?? usualPeers(one, threads);
        for (const peer of peers) {
          if (peer && !ourselves.includes(peer) && !(peer in engines[work])) continue;
          if (peer === "one-thread" && threads === 1) continue;
          for (const build of builds) list.push({ ...one, threads, build, peer, browser, runs: Number(values.runs ?? 20), seconds: Number(values.seconds) });
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
    const result = await measured(job);
    const problem = "error" in result ? result.error : disagreement(result);
    if (problem || "error" in result) failures.push(`${job.work} ${job.model} ${job.size} px, ${job.build}, ${job.threads} threads, ${job.peer}: ${problem}`);
    else {
      const { ours, peer, ratio, difference } = result;
      if (peer) rows.push({ ...ours, against: peer.engine, ratio, difference }, peer);
      else rows.push(ours);
      lines.push(line(result));
      if (values.json) writeFileSync(values.json, JSON.stringify(rows, null, 1));
    }
    console.error(problem ? failures.at(-1) : lines.at(-1));
  }
  const header = ["work", "batch", "threads", "ours", "ms", "of peak", "peer", "ms", "runs", "ours / peer", "outputs differ by", "peak RSS, MB"];
  console.log(`\n| ${header.join(" | ")} |\n|${"---|".repeat(header.length)}\n${lines.join("\n")}`);
  const works = (listed(values.work) ?? Object.keys(notMeasured)) as Job["work"][];
  const notes = [...failures, ...(installed && !values.peers && !values.browser ? works.flatMap((work) => notMeasured[work]) : [])];
  if (notes.length > 0) console.log(`\nNot measured:\n${notes.map((note) => `- ${note}`).join("\n")}`);
  if (!installed) console.log("\nThe other engines are not installed: npm run bench -- --setup (bench/peers/README.md).");
}

function disagreement({ peer, difference }: Measured): string | undefined {
  if (!peer || difference === undefined || difference <= tolerated) return undefined;
  return `outputs of ${peer.engine} (${peer.build}) differ by ${difference.toExponential(1)}`;
}

/** Runs a job in a process of its own. */
function measured(job: Job): Promise<Measured | { error: string }> {
  const loader = process.execArgv.length > 0 ? process.execArgv : ["--import", "tsx"];
  const child = spawn(process.execPath, [...loader, here("pair.ts"), JSON.stringify(job)], { stdio: ["ignore", "pipe", "pipe"] });
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

function line({ ours, peer, ratio, difference }: Measured): string {
  const rss = [ours, peer].flatMap((row) => row?.peak_rss_mb?.toFixed(0) ?? []).join(" / ");
  const cells = [
    ours.work,
    ours.batch,
    !peer || ours.threads === peer.threads ? ours.threads : `${ours.threads} / ${peer.threads}`,
    `${ours.build}, ${ours.runtime}`,
    ours.median_ms.toFixed(2),
    `${Math.round(ours.share_of_peak * 100)} %`,
    peer ? `${peer.engine}, ${peer.build}, ${peer.runtime}` : "",
    peer?.median_ms.toFixed(2) ?? "",
    peer ? `${ours.n} / ${peer.n}` : ours.n,
    ratio === undefined ? "" : ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2),
    difference?.toExponential(1) ?? "",
    rss,
  ];
  return `| ${cells.join(" | ")} |`;
}
