/**
 * How long does a ResNet-50 of 100 MB take from its file to a model that can run, and how much memory? `npm run verify:loading`
 *
 * Each load is a process of its own, with threads to start and kernels to compile; files are in the system's cache. Memory is the growth of the
 * resident set: its highest while the file is read, and what is left afterwards. Exit code 1 where a load takes half a second or more, holds more
 * than the file and the weights meanwhile, or more than one copy of the weights afterwards, with some room for code, threads and buffers.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const mostSeconds = 0.5;
/** Kernels, stacks and heaps of threads, the reader's code, the graph, and twice the largest tensor while one is moved. */
const roomMB = 48;
const runs = 3;

interface Loading {
  readonly seconds: number;
  readonly firstLogitsSeconds: number;
  /** Growth of the resident set in MB: the most while loading, what is left, and with the first logits computed. */
  readonly peak: number;
  readonly after: number;
  readonly running: number;
  readonly weights: number;
}

const { loadModel, createModel } = (await import("../dist/index.js" as string)) as typeof import("../src/index.js");
const [path] = process.argv.slice(2);
if (path) {
  console.log(JSON.stringify(await measure(path)));
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), "ocelli-loading-"));
const files = ["resnet50.safetensors", "resnet50.onnx"].map((name) => join(folder, name));
const model = await createModel("resnet50", { threads: 1 });
await model.save(files[0]);
await model.save(files[1], { format: "onnx" });
model.close();

let failed = 0;
for (const file of files) {
  const size = statSync(file).size / 1e6;
  for (let run = 0; run < runs; run++) {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", "--import", "tsx", import.meta.filename, file], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    const { seconds, firstLogitsSeconds, peak, after, running, weights }: Loading = JSON.parse(stdout);
    const wrong = [seconds >= mostSeconds && "time", peak > size + weights + roomMB && "peak", after > weights + roomMB && "afterwards"].filter(Boolean);
    if (wrong.length > 0) failed++;
    const memory = `memory grows by ${mb(peak)} at most, ${mb(after)} afterwards, ${mb(running)} once it has run`;
    const times = `loaded in ${ms(seconds)}, first logits after ${ms(firstLogitsSeconds)}`;
    console.log(`${wrong.length ? `FAILED (${wrong.join(", ")})` : "ok    "} ${file.slice(folder.length + 1)} of ${mb(size)}: ${times}; ${memory}`);
  }
}
rmSync(folder, { recursive: true });
console.log(`${files.length * runs - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function measure(file: string): Promise<Loading> {
  const settle = async () => {
    // Buffers are freed by a thread of the collector, some time later.
    for (let round = 0; round < 4; round++) {
      (globalThis.gc as () => void)();
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  await settle();
  const rss = () => process.memoryUsage.rss() / 1e6;
  const base = rss();
  const start = performance.now();
  const loaded = await loadModel(file, { preprocessing: "imagenet" });
  const seconds = (performance.now() - start) / 1000;
  const peak = process.resourceUsage().maxRSS / 1000 - base;
  await settle();
  const after = rss() - base;
  const [height, width] = loaded.imageSize;
  const ran = performance.now();
  await loaded.forward({ data: new Float32Array(height * width * 3), shape: [1, height, width, 3] });
  const firstLogitsSeconds = seconds + (performance.now() - ran) / 1000;
  await settle();
  const weights = (4 * loaded.describe().parameters) / 1e6;
  return { seconds, firstLogitsSeconds, peak, after, running: rss() - base, weights };
}

function mb(size: number): string {
  return `${size.toFixed(0)} MB`;
}

function ms(seconds: number): string {
  return `${(1000 * seconds).toFixed(0)} ms`;
}
