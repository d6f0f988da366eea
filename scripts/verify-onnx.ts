/**
 * Do ONNX files of every architecture pass ONNX's own checker, and give onnxruntime-node the same logits?
 *
 * npm run verify:onnx -- [--float] [name ...] [real]
 *
 * Needs `npm run bench -- --setup` (onnxruntime-node) and, for the checker, a Python with onnx: the first of OCELLI_PYTHON, python3 and
 * /usr/bin/python3 that has it. Weights are the seeded ones of the tests with the statistics of the two images. Small networks are checked quantised too, layer by layer
 * (not with `--float`): where a sigmoid or hard-swish differs in its last bit a byte is rounded to its neighbour, of which a random network
 * makes a fifth of the logits. `real`: the quantised MobileNetV2 and SqueezeNet of the assets folder (OCELLI_TEST_ASSETS, default
 * ../shared/assets) on its 50 photos, end to end and to the same tolerance as floats.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
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
/** Of the logits of two images, the least that a comparison means something with. */
const fairlyApart = 100 * tolerance;
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
  const size = shape.reduce((product, axis) => product * axis);
  const data = Float32Array.from(uniform(9, size));
  await takeStatistics(model, toNhwc(data, shape), 2);
  await check(name, async () => {
    const { difference, apart } = await compare(model, data, shape);
    return { ok: difference <= tolerance && apart >= fairlyApart, found: `${differ(difference)}, those of two images by ${apart.toExponential(1)}` };
  });
  if (!options.float && [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0) <= small) {
    const bytes = await quantized(model).catch((error: Error) => console.log(`${name}: not quantised: ${error.message}`));
    if (bytes)
      await check(`${name} int8`, async () => {
        const { ok, found } = await compareLayers(bytes, toNhwc(data, shape), 2);
        const { difference } = await compare(bytes, data, shape);
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

/** Gives `use` a function from images [N, C, H, W] to logits: of a model, and of onnxruntime with its file, which passes the checker. */
async function withFile<T>(model: Model, use: (logits: (data: Float32Array, shape: readonly number[]) => Promise<[Float32Array, Float32Array]>) => Promise<T>) {
  await model.save(path);
  if (python) execFileSync(python, ["-c", "import onnx, sys; onnx.checker.check_model(sys.argv[1], full_check=True)", path], { stdio: "pipe" });
  const session = await runtime.InferenceSession.create(path);
  const found = await use(async (data, shape) => {
    const { logits } = await session.run({ x: new runtime.Tensor("float32", data, shape) });
    return [(await model.forward({ data, shape, layout: "NCHW" })).data, logits.data as Float32Array];
  });
  await session.release();
  return found;
}

/** Between us and onnxruntime, and between the two images. */
function compare(model: Model, data: Float32Array, shape: readonly number[]): Promise<{ difference: number; apart: number }> {
  return withFile(model, async (logits) => {
    const [ours, theirs] = await logits(data, shape);
    const half = theirs.length / 2;
    return { difference: relativeError(ours, theirs), apart: relativeError(theirs.subarray(0, half), theirs.subarray(half)) };
  });
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
    withFile(bytes, async (logits) => {
      let [differing, most] = [0, 0];
      for (const { data } of prepared) {
        const [ours, theirs] = await logits(fromNhwc(data, imageSize), [1, 3, imageSize, imageSize]);
        if (argmax(ours) !== argmax(theirs)) differing++;
        most = Math.max(most, relativeError(ours, theirs));
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
