/**
 * Do ONNX files of every architecture pass ONNX's own checker, and give onnxruntime-node the same logits?
 *
 * npm run verify:onnx -- [--float] [name ...] [real]
 *
 * Needs `npm run bench -- --setup` (onnxruntime-node) and, for the checker, a Python with onnx: the first of OCELLI_PYTHON, python3 and
 * /usr/bin/python3 that has it. Weights are the seeded ones of the tests with the statistics of two clouds, images that have most of their
 * contrast at large scales as photos have: of noise a deep network keeps little beside its mean, and blows the rest up, rounding with it
 * (ResNet-152: float32 of PyTorch, onnxruntime and ours all 5e-4 off PyTorch's float64; on clouds 2e-6 to 5e-6). Small networks are checked
 * quantised too, layer by layer (not with `--float`): where a sigmoid or hard-swish differs in its last bit a byte is rounded to its neighbour,
 * of which a random network makes a fifth of the logits. `real`: the quantised MobileNetV2 and SqueezeNet of the assets folder
 * (OCELLI_TEST_ASSETS, default ../shared/assets) on its 50 photos, end to end and to the same tolerance as floats.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Shape } from "../src/core/shape.js";
import { prepareImages } from "../src/data/prepare.js";
import { createModel, evaluationTransforms, ImageList, listModels, type Model, type Preprocessing, quantize, TarShards } from "../src/index.js";
import { argmax } from "../src/model/logits.js";
import { liveNodes } from "../src/plan/passes.js";
import { relativeError, stateDict, toNhwc, uniform } from "../test/zoo/recipe.js";
import { takeStatistics } from "./norm-statistics.js";
import { checkLayers, type OnnxRuntime } from "./onnx-layers.js";

const runtime: OnnxRuntime = createRequire(resolve(import.meta.dirname, "../bench/peers/package.json"))("onnxruntime-node");
const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { float: { type: "boolean" } } });

const folder = mkdtempSync(join(tmpdir(), "ocelli-onnx-"));
const path = join(folder, "model.onnx");
const python = [process.env.OCELLI_PYTHON, "python3", "/usr/bin/python3"].find((name) => name && spawnSync(name, ["-c", "import onnx"]).status === 0);
console.log(python ? `checker: onnx of ${python}` : "checker: none, no Python with onnx found");

/** Largest difference of logits, as a share of the largest logit. */
const tolerance = 1e-4;
/**
 * Of the runtime's own logits, the most that the last bit of every number of an image may move them, so that rounding of that size on both
 * sides stays within the tolerance, and the least that tells the two images apart: else a comparison would show nothing.
 */
const fair = { moved: tolerance / 2, apart: 100 * tolerance };
/**
 * Of layers on our own inputs: bytes by one level at most and few of them; without optimisations, a byte of ours no further than so many
 * levels from where the runtime's own number would still be rounded to it; floats as a share of their tensor's largest.
 */
const layerTolerance = { levels: 1, share: 1e-3, beyondHalf: 1e-4, relative: 1e-5 };
/** Ops of which onnxruntime has our numbers to the bit: logits of quantised networks without others are held to the tolerance from end to end. */
const exact = new Set(
  "quantizedConv2d quantizedDepthwise quantizedDense quantizedAdd quantize dequantize maxPool globalAveragePool reshape concat slice transpose".split(" "),
);
/** Networks up to so many parameters are quantised as well. */
const small = 6e6;
const assets = process.env.OCELLI_TEST_ASSETS ?? resolve(import.meta.dirname, "../../shared/assets");
let [passed, failed] = [0, 0];

for (const name of positionals.length > 0 ? positionals : [...listModels(), "real"]) await (name === "real" ? verifyReal() : verify(name));
rmSync(folder, { recursive: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function verify(name: string): Promise<void> {
  const model = await createModel(name, { build: "simd", labels: ["a", "b", "c", "d", "e"] });
  const tensors = await model.parameters();
  const numbers = stateDict(new Map([...tensors].map(([key, { shape }]) => [key, shape])));
  await model.setParameters(new Map([...tensors].map(([key, { shape }]) => [key, { shape, data: numbers.get(key) as Float32Array }])));
  const shape = [2, model.architecture.channels, ...model.imageSize];
  const data = clouds(9, shape);
  await takeStatistics(model, toNhwc(data, shape), 2);
  await check(name, async () => {
    const [difference, { moved, apart }] = await withFile(model, async (ours, theirs) => [
      relativeError(await ours(data, shape), await theirs(data, shape)),
      await fairness(theirs, data, shape),
    ]);
    const figures = `the runtime's own by ${moved.toExponential(1)} with the last bit of the images, those of two images by ${apart.toFixed(2)}`;
    return { ok: difference <= tolerance && moved <= fair.moved && apart >= fair.apart, found: `${differ(difference)}, ${figures}` };
  });
  if (!options.float && [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0) <= small) {
    const bytes = await quantized(model).catch((error: Error) => console.log(`${name}: not quantised: ${error.message}`));
    if (bytes)
      await check(`${name} int8`, async () => {
        const { ok, found } = await compareLayers(bytes, toNhwc(data, shape), 2);
        const difference = await compare(bytes, data, shape);
        const [height, width] = bytes.imageSize;
        const others = new Set(liveNodes(bytes.graph({ batch: 2, height, width }, "logits")).flatMap(({ op: { name } }) => (exact.has(name) ? [] : name)));
        const inexact = others.size > 0 ? ` (inexact: ${[...others].join(", ")})` : "";
        return { ok: ok && (others.size > 0 || difference <= tolerance), found: `${found}; ${differ(difference)}${inexact}` };
      });
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

/** From images [N, C, H, W]. */
type Logits = (data: Float32Array, shape: Shape) => Promise<Float32Array>;

/** Gives `use` the logits of a model, and of onnxruntime with its file, which passes the checker. */
async function withFile<T>(model: Model, use: (ours: Logits, theirs: Logits) => Promise<T>): Promise<T> {
  await model.save(path);
  if (python) execFileSync(python, ["-c", "import onnx, sys; onnx.checker.check_model(sys.argv[1], full_check=True)", path], { stdio: "pipe" });
  const session = await runtime.InferenceSession.create(path);
  const found = await use(
    async (data, shape) => (await model.forward({ data, shape, layout: "NCHW" })).data,
    async (data, shape) => (await session.run({ x: new runtime.Tensor("float32", data, shape) })).logits.data as Float32Array,
  );
  await session.release();
  return found;
}

function compare(model: Model, data: Float32Array, shape: Shape): Promise<number> {
  return withFile(model, async (ours, theirs) => relativeError(await ours(data, shape), await theirs(data, shape)));
}

/** How far the runtime's logits move with the last bit of every number, and how far those of two images are apart. */
async function fairness(theirs: Logits, data: Float32Array, shape: Shape): Promise<{ moved: number; apart: number }> {
  const logits = await theirs(data, shape);
  const signs = uniform(8, data.length);
  const nudged = data.map((value, i) => value * (1 + Math.sign(signs[i]) * 2 ** -23));
  const half = logits.length / 2;
  return { moved: relativeError(await theirs(nudged, shape), logits), apart: relativeError(logits.subarray(0, half), logits.subarray(half)) };
}

/** What a check found, or why it could not be made. */
async function check(title: string, find: () => Promise<{ ok: boolean; found: string }>): Promise<void> {
  const { ok, found } = await find().catch((error: Error) => ({ ok: false, found: error.message.split("\n").slice(-3).join(" ") }));
  ok ? passed++ : failed++;
  console.log(`${ok ? "ok    " : "FAILED"} ${title}: ${found}`);
}

function differ(difference: number): string {
  return `logits differ by ${difference.toExponential(1)} of the largest`;
}

/** Every layer with the runtime's optimisations and without. `x`: [batch, H, W, C] */
async function compareLayers(model: Model, x: Float32Array, batch: number): Promise<{ ok: boolean; found: string }> {
  const figures: string[] = [];
  let ok = true;
  for (const optimization of ["disabled", "all"] as const) {
    const { bytes, floats, ...largest } = await checkLayers(runtime, model, x, batch, optimization);
    const beyond = Object.entries(largest).filter(([name, { value }]) => !(value <= layerTolerance[name as keyof typeof layerTolerance]));
    if (beyond.length > 0) ok = false;
    const { levels, share, beyondHalf, relative } = largest;
    figures.push(
      `${optimization === "all" ? "optimized" : `${bytes} layers of bytes, ${floats} of floats`}: ${levels.value} levels, ` +
        `${share.value.toExponential(1)} of a layer's bytes, ${optimization === "all" ? "" : `${beyondHalf.value.toExponential(1)} past a half, `}` +
        `floats ${relative.value.toExponential(1)}${beyond.map(([name, { value, where }]) => ` (${name} ${value} at ${where})`).join("")}`,
    );
  }
  return { ok, found: figures.join("; ") };
}

/** Quantised on training photos of Imagenette, run on photos of ImageNet: the classes and logits that the file gives the runtime. */
async function verifyReal(): Promise<void> {
  const tensorflow = { resize: 256, crop: 224, interpolation: "bilinear", mean: [0.5], std: [0.5] } as const;
  const caffe = { resize: 259, crop: 227, interpolation: "bilinear", mean: [104, 117, 123], std: [1], scale: 1, channelOrder: "bgr" } as const;
  await verifyOnPhotos("mobilenet_v2", "mobilenet_v2_1.0_224_coral_tf2ptq", tensorflow, { padding: "same" });
  await verifyOnPhotos("squeezenet1_0", "squeezenet1_0_deepcompression", caffe);
}

async function verifyOnPhotos(name: string, weights: string, preprocessing: Preprocessing, options?: Record<string, string>): Promise<void> {
  const imageSize = preprocessing.crop as number;
  const model = await createModel(name, {
    pretrained: join(assets, "weights", weights, "model.safetensors"),
    preprocessing,
    imageSize,
    options,
    build: "simd",
  });
  const { train } = await TarShards.openSplit(join(assets, "data/imagenette-small.tar"));
  const bytes = await quantize(model, train, { images: 100, maxLoss: 1, onReport: () => {} });
  const { images } = JSON.parse(readFileSync(join(assets, "weights", weights, "reference.json"), "utf8")) as { images: string[] };
  const photos = images.map((image) => join(assets, "images", image));
  const prepared = await prepareImages(photos, { pipeline: evaluationTransforms(preprocessing), channels: 3, inline: model.inline });
  await check(`${name} int8 of ${weights}, layer by layer`, () => compareLayers(bytes, prepared[0].data, 1));
  await check(`${name} int8 of ${weights}`, () =>
    withFile(bytes, async (ours, theirs) => {
      let [differing, most] = [0, 0];
      for (const { data } of prepared) {
        const [shape, image] = [[1, 3, imageSize, imageSize], fromNhwc(data, imageSize)];
        const [here, there] = [await ours(image, shape), await theirs(image, shape)];
        if (argmax(here) !== argmax(there)) differing++;
        most = Math.max(most, relativeError(here, there));
      }
      return {
        ok: differing === 0 && most <= tolerance,
        found: `another class for ${differing} of ${photos.length} photos; ${differ(most)}`,
      };
    }),
  );
  bytes.close();
  model.close();
}

/** [H, W, 3] as [3, H, W]. */
function fromNhwc(data: Float32Array, size: number): Float32Array {
  return Float32Array.from(data, (_, i) => data[(i % size ** 2) * 3 + Math.floor(i / size ** 2)]);
}

/** Images [N, C, H, W] of random numbers at points twice as close from octave to octave, of half the contrast each, and straight lines between. */
function clouds(seed: number, [count, channels, height, width]: Shape): Float32Array {
  const images = new Float32Array(count * channels * height * width);
  for (let cells = 2; cells <= Math.max(height, width); cells *= 2) {
    const side = cells + 1;
    const points = uniform(seed++, count * channels * side ** 2);
    images.forEach((_, i) => {
      const [x, y] = [((i % width) * cells) / width, ((Math.floor(i / width) % height) * cells) / height];
      const [right, down] = [x % 1, y % 1];
      const at = (Math.floor(i / (width * height)) * side + Math.floor(y)) * side + Math.floor(x);
      const row = (from: number) => points[from] * (1 - right) + points[from + 1] * right;
      images[i] += (2 / cells) * (row(at) * (1 - down) + row(at + side) * down);
    });
  }
  return images;
}
