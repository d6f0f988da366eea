/**
 * Do ONNX files of every architecture pass ONNX's own checker, and give onnxruntime-node the same logits?
 *
 * npm run verify:onnx -- [name ...]
 *
 * Needs `npm run bench -- --setup` (onnxruntime-node) and, for the checker, a Python with onnx: the first of OCELLI_PYTHON, python3 and
 * /usr/bin/python3 that has it. Weights are the seeded ones of the tests, batch 2; small networks are checked quantised too.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createModel, ImageList, listModels, type Model, quantize } from "../src/index.js";
import { relativeError, stateDict, uniform } from "../test/zoo/recipe.js";

interface Runtime {
  readonly InferenceSession: { create(path: string): Promise<{ run(feeds: object): Promise<{ logits: { data: Float32Array } }> }> };
  readonly Tensor: new (type: string, data: Float32Array, shape: readonly number[]) => object;
}
const peers = resolve(import.meta.dirname, "../bench/peers/package.json");
const { InferenceSession, Tensor }: Runtime = createRequire(peers)("onnxruntime-node");

const folder = mkdtempSync(join(tmpdir(), "ocelli-onnx-"));
const python = [process.env.OCELLI_PYTHON, "python3", "/usr/bin/python3"].find((name) => name && spawnSync(name, ["-c", "import onnx"]).status === 0);
console.log(python ? `checker: onnx of ${python}` : "checker: none, no Python with onnx found");

/**
 * Largest difference as a share of the largest logit. Of int8 the runtime's own float sums decide which byte a value near a half becomes;
 * that exact sums give our numbers is tested in test/formats/onnx/export.test.ts.
 */
const tolerance = { float32: 1e-4, int8: 0.1 };
/** Networks up to so many parameters are quantised as well. */
const small = 6e6;
let [passed, failed] = [0, 0];

const names = process.argv.length > 2 ? process.argv.slice(2) : listModels();
for (const name of names) await verify(name);
rmSync(folder, { recursive: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function verify(name: string): Promise<void> {
  const model = await createModel(name, { build: "simd", labels: ["a", "b", "c", "d", "e"] });
  const tensors = await model.parameters();
  const numbers = stateDict(new Map([...tensors].map(([key, { shape }]) => [key, shape])));
  await model.setParameters(new Map([...tensors].map(([key, { shape }]) => [key, { shape, data: numbers.get(key) as Float32Array }])));
  await compare(name, model, "float32");
  if ([...tensors.values()].reduce((sum, { data }) => sum + data.length, 0) <= small) {
    const bytes = await quantized(model).catch((error: Error) => console.log(`${name}: not quantised: ${error.message}`));
    if (bytes) await compare(`${name} int8`, bytes, "int8");
    bytes?.close();
  }
  model.close();
}

function quantized(model: Model): Promise<Model> {
  const [height, width] = model.imageSize;
  const { channels } = model.architecture;
  const photo = (seed: number) => ({ data: Uint8Array.from(uniform(seed, height * width * channels), (u) => (u + 1) * 127.5), width, height, channels });
  const photos = Array.from({ length: 8 }, (_, i) => ({ image: photo(i), label: model.labels[i % model.labels.length] }));
  return quantize(model, ImageList.from(photos), { maxLoss: 1, onReport: () => {} });
}

async function compare(title: string, model: Model, type: keyof typeof tolerance): Promise<void> {
  const path = join(folder, "model.onnx");
  const shape = [2, model.architecture.channels, ...model.imageSize];
  const data = Float32Array.from(
    uniform(
      9,
      shape.reduce((size, axis) => size * axis),
    ),
  );
  try {
    await model.save(path);
    if (python) execFileSync(python, ["-c", "import onnx, sys; onnx.checker.check_model(sys.argv[1], full_check=True)", path], { stdio: "pipe" });
    const session = await InferenceSession.create(path);
    const theirs = (await session.run({ x: new Tensor("float32", data, shape) })).logits.data;
    const ours = (await model.forward({ data, shape, layout: "NCHW" })).data;
    const error = relativeError(ours, theirs);
    const ok = error <= tolerance[type];
    ok ? passed++ : failed++;
    console.log(`${ok ? "ok    " : "FAILED"} ${title}: logits differ by ${error.toExponential(1)} of the largest`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${title}: ${(error as Error).message.split("\n").slice(-3).join(" ")}`);
  }
}
