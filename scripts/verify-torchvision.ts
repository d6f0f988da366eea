/**
 * Do all of torchvision's classifiers give PyTorch's logits here, from their state_dict and from the ONNX file that PyTorch exports, and
 * there, from the safetensors file that we save, loaded with strict=True?
 *
 * npm run verify:torchvision -- [name ...]
 *
 * Needs a Python with torch and torchvision (the first of OCELLI_PYTHON, python3 and /usr/bin/python3 that has them) and the assets folder
 * (OCELLI_TEST_ASSETS, default ../shared/assets) for two real images. Weights are seeded as those of the tests.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { createModel, listModels, loadModel, type Model } from "../src/index.js";
import { relativeError } from "../test/zoo/recipe.js";

const assets = process.env.OCELLI_TEST_ASSETS ?? resolve(import.meta.dirname, "../../shared/assets");
const size = 224;
const images = ["input_0.f32", "input_1.f32"].map((name) => readFileSync(join(assets, "weights/mobilenet_v3_small_random", name)));
const shape = [images.length, 3, size, size];
const data = new Float32Array(new Uint8Array(Buffer.concat(images)).buffer);
const tolerance = 1e-4;
const options = { build: "simd", winograd: false } as const;

const pythons = [process.env.OCELLI_PYTHON, "python3", "/usr/bin/python3"];
const python = pythons.find((name) => name && spawnSync(name, ["-c", "import torch, torchvision"]).status === 0);
if (!python) throw new Error("verify-torchvision: no Python with torch and torchvision");
const folder = mkdtempSync(join(tmpdir(), "ocelli-torchvision-"));
writeFileSync(join(folder, "images.f32"), Buffer.concat(images));

const script = join(import.meta.dirname, "fixtures/torchvision-onnx.py");
const names = process.argv.length > 2 ? process.argv.slice(2) : listModels();
const made = spawn(python, [script, folder, join(folder, "images.f32"), String(size), ...names], { stdio: ["ignore", "pipe", "inherit"] });
const exit = new Promise<number | null>((resolve) => made.on("exit", resolve));
const back = spawn(python, [join(import.meta.dirname, "fixtures/torchvision-strict.py"), folder, join(folder, "images.f32"), String(size)], {
  stdio: ["pipe", "pipe", "inherit"],
});
const answers = createInterface({ input: back.stdout });
let [passed, failed] = [0, 0];
for await (const line of createInterface({ input: made.stdout })) {
  const [name, problem] = line.split("\t");
  const expected = floats(`${name}.f32`);
  const fromFile = () => createModel(name, { ...options, pretrained: join(folder, `${name}.safetensors`) });
  await verify(`${name} from safetensors`, expected, () => logitsOf(fromFile()));
  await verify(`${name} back in PyTorch`, expected, async () => {
    const model = await fromFile();
    await model.save(join(folder, `${name}.saved.safetensors`));
    model.close();
    back.stdin.write(`${name}\n`);
    const [, problem] = String(await once(answers, "line")).split("\t");
    if (problem) throw new Error(problem);
    return floats(`${name}.saved.f32`);
  });
  if (problem) console.log(`${name}: ${problem}`);
  else await verify(`${name} from ONNX`, expected, () => logitsOf(loadModel(join(folder, `${name}.onnx`), { ...options, preprocessing: "imagenet" })));
}
back.stdin.end();
rmSync(folder, { recursive: true });
const code = await exit;
if (code !== 0) {
  failed++;
  console.log(`FAILED ${script} ended with ${code}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

function floats(name: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(join(folder, name))).buffer);
}

async function logitsOf(opening: Promise<Model>): Promise<Float32Array> {
  const model = await opening;
  const { data: found } = await model.forward({ data, shape, layout: "NCHW" });
  model.close();
  return found;
}

async function verify(title: string, expected: Float32Array, run: () => Promise<Float32Array>): Promise<void> {
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
