/**
 * Do all of torchvision's classifiers give PyTorch's logits here, from their state_dict and from the ONNX file that PyTorch exports, and
 * there, from the safetensors file that we save, loaded with strict=True?
 *
 * npm run verify:torchvision -- [name ...]
 *
 * Needs a Python with torch and torchvision (the first of OCELLI_PYTHON, python3 and /usr/bin/python3 that has them) and the assets folder
 * (OCELLI_TEST_ASSETS, default ../shared/assets) for two real images. Weights are seeded by one rule for all networks, under which PyTorch's own
 * float32 has to lie within half of the tolerance of its float64, and the images' logits far apart: else the comparison would show nothing.
 */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { createModel, listModels, loadModel, type Model } from "../src/index.js";
import { floatsOf, Python, Tally } from "./peer-logits.js";

const assets = process.env.OCELLI_TEST_ASSETS ?? resolve(import.meta.dirname, "../../shared/assets");
const size = 224;
const images = ["input_0.f32", "input_1.f32"].map((name) => readFileSync(join(assets, "weights/mobilenet_v3_small_random", name)));
const shape = [images.length, 3, size, size];
const data = new Float32Array(new Uint8Array(Buffer.concat(images)).buffer);
const tolerance = 1e-4;
/**
 * Of PyTorch's own rounding the most that a comparison means something with, so that two of its size stay within the tolerance, and the least
 * that tells the two images apart.
 */
const fair = { rounding: tolerance / 2, apart: 1000 * tolerance };
const options = { build: "simd", winograd: false } as const;

const python = new Python("torch, torchvision", ["/usr/bin/python3"]);
const folder = mkdtempSync(join(tmpdir(), "ocelli-torchvision-"));
const floats = (name: string) => floatsOf(join(folder, name));
const given = [folder, join(folder, "images.f32"), String(size)];
writeFileSync(given[1], Buffer.concat(images));

const fixtures = join(import.meta.dirname, "fixtures");
const names = process.argv.length > 2 ? process.argv.slice(2) : listModels();
const back = python.start(join(fixtures, "torchvision-strict.py"), given);
const answers = createInterface({ input: back.stdout });
const tally = new Tally();
try {
  for await (const fields of python.lines(join(fixtures, "torchvision-onnx.py"), [...given, ...names])) await verify(fields);
} catch (error) {
  tally.say(false, (error as Error).message);
}
back.stdin.end();
rmSync(folder, { recursive: true });
tally.exit();

async function verify([name, rounding, apart, problem]: string[]): Promise<void> {
  const isFair = Number(rounding) <= fair.rounding && Number(apart) >= fair.apart;
  tally.say(isFair, `${name} in PyTorch: float32 is ${rounding} of the largest logit off float64, the images' logits are ${apart} apart`);
  const expected = floats(`${name}.f32`);
  const check = (how: string, run: () => Promise<Float32Array>) => tally.logits(`${name} ${how}`, expected, tolerance, run);
  const fromFile = () => createModel(name, { ...options, pretrained: join(folder, `${name}.safetensors`) });
  await check("from safetensors", () => logitsOf(fromFile()));
  await check("back in PyTorch", async () => {
    const model = await fromFile();
    await model.save(join(folder, `${name}.saved.safetensors`));
    model.close();
    back.stdin.write(`${name}\n`);
    const [, problem] = String(await once(answers, "line")).split("\t");
    if (problem) throw new Error(problem);
    return floats(`${name}.saved.f32`);
  });
  if (problem) console.log(`       ${name}: ${problem}`);
  else await check("from ONNX", () => logitsOf(loadModel(join(folder, `${name}.onnx`), { ...options, preprocessing: "imagenet" })));
  for (const made of [".safetensors", ".saved.safetensors", ".onnx"]) rmSync(join(folder, `${name}${made}`), { force: true });
}

async function logitsOf(opening: Promise<Model>): Promise<Float32Array> {
  const model = await opening;
  const { data: found } = await model.forward({ data, shape, layout: "NCHW" });
  model.close();
  return found;
}
