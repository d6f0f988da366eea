/**
 * Do networks of keras.applications give Keras' logits here, as TF.js keeps them (in the JSON of Keras 3 and of Keras 2, and as graphs), and what
 * TensorFlow's converter makes of them as TFLite: float32, float16 weights, int8 weights, all int8?
 *
 * npm run verify:keras -- [name ...]
 *
 * Needs a Python with tensorflow and Keras 3 (the first of OCELLI_PYTHON and python3 that has them). Weights are seeded.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadOptions, loadModel } from "../src/index.js";
import { floatsOf, Python, Tally } from "./peer-logits.js";

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

const python = new Python("tensorflow, keras");
const folder = mkdtempSync(join(tmpdir(), "ocelli-keras-"));
const floats = (name: string) => floatsOf(join(folder, name));
const script = join(import.meta.dirname, "fixtures/keras-applications.py");
const tally = new Tally();
try {
  for await (const [name, side] of python.lines(script, ["networks", folder, ...process.argv.slice(2)], "ignore")) if (side) await verify(name, Number(side));
} catch (error) {
  tally.say(false, (error as Error).message);
}
rmSync(folder, { recursive: true });
tally.exit();

async function verify(name: string, side: number): Promise<void> {
  const data = floats(`${name}.input.f32`);
  const shape = [data.length / (side ** 2 * 3), side, side, 3];
  for (const [form, reference, tolerance, more = {}] of forms) {
    const path = join(folder, `${name}${form}`);
    if (!existsSync(path)) continue;
    await tally.logits(`${name}${form}${more.quantized ? ` ${more.quantized}` : ""}`, floats(`${name}${reference}.f32`), tolerance, async () => {
      const model = await loadModel(path, { ...options, ...more, preprocessing: "-1..1" });
      const { data: logits } = await model.forward({ data, shape });
      model.close();
      return logits;
    });
  }
}
