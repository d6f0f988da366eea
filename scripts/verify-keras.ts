/**
 * Do networks of keras.applications give Keras' logits here, as TF.js keeps them (in the JSON of Keras 3 and of Keras 2, and as graphs), and what
 * TensorFlow's converter makes of them as TFLite: float32, float16 weights, int8 weights, all int8?
 *
 * npm run verify:keras -- [name ...]
 *
 * Needs a Python with tensorflow and Keras 3 (the first of OCELLI_PYTHON and python3 that has them). Weights are seeded.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type LoadOptions, loadModel } from "../src/index.js";
import { relativeError } from "../test/zoo/recipe.js";

const options = { build: "simd", winograd: false } as const;
/**
 * Forms, and how far logits may be from the reference's, as a share of the largest. With all int8, roundings that fall the other way add up; with
 * int8 weights alone TensorFlow rounds activations to 8 bits as it goes, which is not done here.
 */
const forms: readonly (readonly [form: string, reference: string, tolerance: number, more?: LoadOptions])[] = [
  ["-keras3/model.json", "", 1e-4],
  ["-keras2/model.json", "", 1e-4],
  ["-graph/model.json", "", 1e-4],
  ["-float.tflite", "-float", 1e-4],
  ["-float16.tflite", "-float16", 1e-4],
  ["-dynamic.tflite", "-dynamic", 0.7],
  ["-int8.tflite", "-int8", 0.4, { quantized: "exact" }],
];

const python = [process.env.OCELLI_PYTHON, "python3"].find((name) => name && spawnSync(name, ["-c", "import tensorflow, keras"]).status === 0);
if (!python) throw new Error("verify-keras: no Python with tensorflow and keras");
const folder = mkdtempSync(join(tmpdir(), "ocelli-keras-"));
const script = join(import.meta.dirname, "fixtures/keras-applications.py");
const made = spawn(python, [script, "networks", folder, ...process.argv.slice(2)], { stdio: ["ignore", "pipe", "ignore"] });
const exit = new Promise<number | null>((resolve) => made.on("exit", resolve));
let [passed, failed] = [0, 0];
for await (const line of createInterface({ input: made.stdout })) {
  const [name, side] = line.split("\t");
  if (!side) continue;
  const data = floats(`${name}.input.f32`);
  const shape = [data.length / (Number(side) ** 2 * 3), Number(side), Number(side), 3];
  for (const [form, reference, tolerance, more = {}] of forms) {
    const path = join(folder, `${name}${form}`);
    if (!existsSync(path)) continue;
    await verify(`${name}${form}${more.quantized ? ` ${more.quantized}` : ""}`, floats(`${name}${reference}.f32`), tolerance, async () => {
      const model = await loadModel(path, { ...options, ...more, preprocessing: "-1..1" });
      const { data: logits } = await model.forward({ data, shape });
      model.close();
      return logits;
    });
  }
}
rmSync(folder, { recursive: true });
if ((await exit) !== 0) {
  failed++;
  console.log(`FAILED ${script}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

function floats(name: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(join(folder, name))).buffer);
}

async function verify(title: string, expected: Float32Array, tolerance: number, run: () => Promise<Float32Array>): Promise<void> {
  try {
    const found = await run();
    const error = relativeError(found, expected);
    const ok = error <= tolerance && found.length === expected.length;
    ok ? passed++ : failed++;
    console.log(`${ok ? "ok    " : "FAILED"} ${title}: logits differ by ${error.toExponential(1)} of the largest`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${title}: ${(error as Error).message}`);
  }
}
