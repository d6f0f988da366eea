import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { JobError, type RunOptions } from "../../../src/cli/runtimes/index.js";
import { serve } from "../../../src/cli/runtimes/serve.js";
import { type Cell, expectEqual, type Installed, type Setting } from "../cell.js";
import type { Project } from "../project.js";

/** Milliseconds for which the page's thread was busy at a stretch, during some work and during as much of nothing, in slices of eight. */
interface Busy {
  readonly longest: number;
  readonly sliced: number;
}

interface Outcome {
  readonly found: Readonly<Record<string, Busy>>;
  readonly losses: readonly number[];
  readonly isolated: boolean;
  readonly evaluates: boolean;
  readonly said: readonly string[];
}

/** Milliseconds from which on a task is long (W3C, "Long Tasks API"). */
const longTask = 50;
/** Times what a page is held that works in short slices: what it may be held without it being the package's doing. */
const noise = 2;
/** Pages that are tried: what else runs on the machine holds one now and then, what the package does holds each. */
const tries = 3;

const small = { name: "small_cnn", steps: 4, formats: ["safetensors", "onnx"] };
const mobile = [96, 224].map((imageSize) => ({ name: "mobilenet_v2", imageSize, steps: 2, checkpointing: imageSize === 96 }));
/** 94 MB of weights. */
const large = { name: "resnet50", formats: ["safetensors", "onnx"] };

const policy = (directives: string) => ({ "Content-Security-Policy": directives });
const scripts = "script-src 'self' 'nonce-ocelli' 'wasm-unsafe-eval'";

const onnxFile = "weights/mobilenet_v3_small_random/model.onnx";
const teachableMachine = "weights/teachable_machine_mobilenet_v2_0.35";
const tfliteFile = "weights/mobilenet_v2_1.0_224_coral_tf2ptq/tf2_mobilenet_v2_1.0_224_ptq.tflite";

/** Pages stay smooth, with and without shared memory, under strict policies, with the package from another origin, behind another tab, and without https. */
export async function* pages({ project, programs }: Setting): AsyncIterable<Cell> {
  // Another port is another origin.
  const cdn = await serve(project.folder, { headers: { "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin" } });
  const photo = project.asset("images/imagenet-sample-images/n01440764_tench.JPEG");
  const files = [...[onnxFile, tfliteFile].flatMap((file) => project.asset(file) ?? []), ...zipped(project)];
  const kinds = {
    "smooth page": { headers: policy(`${scripts} blob:; worker-src blob:`), input: { networks: [small, ...mobile, large], files } },
    "strict policy": {
      headers: policy(`${scripts}; worker-src 'self'`),
      input: { networks: [small], workerUrl: copiedWorker(project) },
    },
    "another origin": {
      headers: policy(`${scripts} blob: ${cdn.origin}; worker-src blob:`),
      input: { networks: [small], from: `${cdn.origin}/node_modules/ocelli/dist/index.js` },
    },
  };
  try {
    for (const installed of programs) {
      if (!["Chromium", "Firefox"].includes(installed.runtime.name)) continue;
      for (const [kind, { headers, input }] of Object.entries(kinds))
        for (const isolated of [true, false])
          yield {
            name: `${installed.name}, ${kind}${isolated ? "" : ", not cross-origin isolated"}`,
            run: () => staysSmooth(installed, { ...input, photo }, { headers, isolated }),
          };
      for (const [kind, [headers, message]] of Object.entries(blocked)) yield refused(installed, kind, policy(headers), message);
      if (installed.runtime.name === "Chromium") yield hidden(installed);
      yield withoutHttps(installed, programs[0]);
    }
  } finally {
    await cdn.close();
  }
}

/** The worker's file where a user would serve it: alone. */
function copiedWorker({ folder }: Project): string {
  const copy = "served/worker.js";
  cpSync(join(folder, "node_modules/ocelli/dist/worker.js"), join(folder, copy), { recursive: true });
  return copy;
}

/** What Teachable Machine exports: a zip of files as they are. */
function zipped({ asset, folder }: Project): string[] {
  const from = asset(teachableMachine);
  if (from === undefined) return [];
  const names = ["model.json", "metadata.json", "weights.bin"];
  const path = `${from}/export.zip`;
  writeFileSync(join(folder, path), zipSync(Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, from, name))])), { level: 0 }));
  return [path];
}

async function staysSmooth(installed: Installed, input: object, options: RunOptions): Promise<string> {
  const best = new Map<string, Busy>();
  const tooLong = () => [...best].filter(([, { longest, sliced }]) => longest > longTask && longest > noise * sliced);
  for (let count = 0; count === 0 || (tooLong().length > 0 && count < tries); count++) {
    const { found, losses, isolated, evaluates, said } = (await installed.run("jobs/page.js", input, options)) as Outcome;
    expectEqual(isolated, options.isolated, "crossOriginIsolated");
    expectEqual(evaluates, false, "whether the policy lets a text be evaluated");
    expectEqual(said.length, isolated ? 0 : 1, "warnings about threads");
    if (!losses.every(Number.isFinite)) throw new Error(`losses of ${losses}`);
    const { held, ...work } = found;
    if (!(held.longest >= 100)) throw new Error(`the page was held for 120 ms, and ${held.longest} were seen`);
    for (const [what, busy] of Object.entries(work)) if (busy.longest < (best.get(what)?.longest ?? Number.POSITIVE_INFINITY)) best.set(what, busy);
  }
  const told = ([what, { longest, sliced }]: readonly [string, Busy]) =>
    `${what}: ${Math.round(longest)} ms${longest > longTask ? `, with nothing to do ${Math.round(sliced)} ms` : ""}`;
  if (tooLong().length > 0) throw new Error(`the page's thread was held: ${tooLong().map(told).join("; ")}`);
  const [most] = [...best].sort(([, a], [, b]) => b.longest - a.longest);
  return most[1].longest > 0 ? told(most) : `no task over ${longTask} ms`;
}

/** Policies under which the package cannot work, and what it says. */
const blocked: Record<string, [headers: string, message: RegExp]> = {
  "workers forbidden": [`${scripts} blob:; worker-src 'none'`, /worker.*Content-Security-Policy.*init\(\{ workerUrl \}\)/],
  "WebAssembly forbidden": ["script-src 'self' 'nonce-ocelli' blob:; worker-src blob:", /WebAssembly.*'wasm-unsafe-eval'/],
};

function refused(installed: Installed, kind: string, headers: Readonly<Record<string, string>>, message: RegExp): Cell {
  return {
    name: `${installed.name}, ${kind}`,
    async run() {
      const error = await installed.run("jobs/blocked.js", undefined, { headers }).then(
        (value) => new Error(`expected an error, got ${value}`),
        (error) => error as Error,
      );
      if (!(error instanceof JobError) || error.name !== "WorkerError" || !message.test(error.message)) throw error;
      return error.message;
    },
  };
}

/** Of the steps a second in front, what there must be behind: timers there wait for a second. */
const leastShare = 0.25;

function hidden(installed: Installed): Cell {
  return {
    name: `${installed.name}, hidden tab`,
    async run() {
      const { front, behind } = (await installed.run("jobs/hidden.js", undefined, { flags: ["--disable-popup-blocking"] })) as {
        front: number;
        behind: number;
      };
      if (!(behind >= leastShare * front)) throw new Error(`${front.toFixed(1)} steps a second in front, ${behind.toFixed(1)} behind another tab`);
      return `${front.toFixed(1)} steps a second in front, ${behind.toFixed(1)} behind another tab`;
    },
  };
}

/** Stands for a host of one's network, where browsers have no WebCrypto: what the page is served from is this machine. */
const insecureHost = "ocelli.test";

function withoutHttps(installed: Installed, node: Installed): Cell {
  return {
    name: `${installed.name}, files without https`,
    async run() {
      const flags = installed.runtime.name === "Chromium" ? [`--host-resolver-rules=MAP ${insecureHost} 127.0.0.1`] : [];
      const found = await installed.run("jobs/without-https.js", { insecureHost }, { flags, preferences: { "network.dns.localDomains": insecureHost } });
      expectEqual(found, { ...((await node.run("jobs/without-https.js")) as object), secure: false }, "the file");
      return "written as elsewhere, and a changed byte is found";
    },
  };
}
