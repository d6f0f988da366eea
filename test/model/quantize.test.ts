import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { afterAll, describe, expect, test } from "vitest";
import { ArgumentError, FormatError, QuantizationError } from "../../src/core/errors.js";
import { Random } from "../../src/core/random.js";
import { sizeOf } from "../../src/core/shape.js";
import { openSafetensors, type TensorToWrite, writeSafetensors } from "../../src/formats/safetensors/index.js";
import type { Model } from "../../src/model/model.js";
import { type QuantizationReport, quantize } from "../../src/model/quantize.js";
import { compile } from "../../src/plan/compile.js";
import { hasBuild } from "../../src/runtime/instance.js";
import { Trainer } from "../../src/train/trainer.js";
import { ImageList } from "../../src/data/image-list.js";
import { createModel } from "../../src/zoo/create-model.js";
import { loadModel } from "../../src/zoo/load-model.js";
import { storeReference } from "../ops/quantized-reference.js";

setFlagsFromString("--no-liftoff");

const folder = mkdtempSync(join(tmpdir(), "ocelli-quantize-"));
afterAll(() => rmSync(folder, { recursive: true }));

const labels = ["cat", "dog", "bird"];
const networks = [
  ["resnet20", {}],
  ["test_resnet", { imageSize: 64 }],
  ["mobilenet_v2", { imageSize: 32 }],
  ["mobilenet_v3_small", { imageSize: 32 }],
  ["squeezenet1_0", { imageSize: 40 }],
  ["small_cnn", { imageSize: 12 }],
  // Layer norms, layer scale, tokens and attention stay floats.
  ["test_convnext", { imageSize: 64 }],
  ["test_vit", { imageSize: 64 }],
] as const;

/** A model of random weights whose statistics fit them, as after training. */
async function open(name: string, options: object = {}): Promise<Model> {
  const model = await createModel(name, { labels, inline: true, build: "simd", ...options });
  const tensors = await model.parameters();
  for (const [key, { data }] of tensors) {
    if (!key.endsWith("running_var") && !key.endsWith("running_mean") && !key.endsWith("bias")) continue;
    const random = new Random(2, key.length, data.length);
    data.forEach((_, i) => {
      data[i] = key.endsWith("running_var") ? random.uniform(0.5, 2) : random.uniform(-0.3, 0.3);
    });
  }
  await model.setParameters(tensors);
  return model;
}

const photos = (model: Model, count: number, seed = 0) =>
  Array.from({ length: count }, (_, i) => {
    const [height, width] = model.imageSize;
    const { channels } = model.architecture;
    const random = new Random(seed, i);
    return { data: Uint8Array.from({ length: height * width * channels }, () => random.integer(256)), width, height, channels };
  });

const silent = { maxLoss: 1, onReport: () => {} };

describe.each(networks)("%s", (name, options) => {
  test("its embeddings and logits stay near those of floats; save and load give them again", async () => {
    const model = await open(name, options);
    const quantized = await quantize(model, photos(model, 6), silent);
    const images = photos(model, 4, 1);
    const result = await quantized.compute("logits", images);
    const expected = await model.compute("logits", images);
    const [found, wanted] = [result, expected].map((rows) => rows.flatMap((row) => [...row]));
    const mean = wanted.reduce((sum, value) => sum + value, 0) / wanted.length;
    const spread = Math.max(...wanted.map((value) => Math.abs(value - mean)));
    expect(Math.max(...found.map((value, i) => Math.abs(value - wanted[i])))).toBeLessThan(0.35 * spread + 0.02 * Math.abs(mean));
    const [a, b] = [(await model.embed(images))[0], (await quantized.embed(images))[0]];
    const dot = (p: Float32Array, q: Float32Array) => p.reduce((sum, value, i) => sum + value * q[i], 0);
    expect(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))).toBeGreaterThan(0.97);

    const path = join(folder, `${name}.safetensors`);
    await quantized.save(path);
    const copy = await loadModel(path, { inline: true, build: "simd" });
    expect(await copy.compute("logits", images)).toEqual(result);
    expect([copy.labels, copy.describe().quantized, model.describe().quantized]).toEqual([labels, true, false]);
    expect(Buffer.compare(await copy.save(), await quantized.save())).toBe(0);
    for (const each of [model, quantized, copy]) each.close();
  });
});

describe("quantize", () => {
  test.runIf(hasBuild("relaxed"))("simd and relaxed give the same scores, and so do 1 and 2 threads", async () => {
    const model = await open("mobilenet_v2", { imageSize: 32 });
    const bytes = await (await quantize(model, photos(model, 3), silent)).save();
    const images = photos(model, 3, 1);
    const results: Float32Array[][] = [];
    for (const build of ["simd", "relaxed"] as const) {
      for (const settings of [{ inline: true }, { threads: 2 }]) {
        const copy = await loadModel(bytes, { ...settings, build });
        results.push([...(await copy.compute("logits", images)), ...(await copy.compute("embedding", images))]);
        copy.close();
      }
    }
    for (const other of results.slice(1)) expect(other).toEqual(results[0]);
  });

  test.runIf(hasBuild("turbo"))("every build's kernels give the same scores", async () => {
    const model = await open("mobilenet_v2", { imageSize: 32 });
    const bytes = await (await quantize(model, photos(model, 3), silent)).save();
    const x = Float32Array.from({ length: 32 * 32 * 3 }, (_, i) => ((i * 7919) % 256) / 128 - 1);
    const results = new Map<string, Float32Array>();
    for (const build of ["simd", "relaxed", "turbo"] as const) {
      const copy = await loadModel(bytes, { inline: true, build: "simd" });
      const program = await copy.session.prepare(copy.graph({ batch: 1, height: 32, width: 32 }, "logits"), { build });
      results.set(build, (await program.run({ x })).logits);
      copy.close();
    }
    for (const build of ["relaxed", "turbo"]) expect(results.get(build), build).toEqual(results.get("simd"));
  });

  test("a small network layer by layer: the same bytes as in JavaScript numbers", async () => {
    const model = await open("small_cnn", { imageSize: 8 });
    const quantized = await quantize(model, photos(model, 3), silent);
    const graph = quantized.graph({ batch: 1, height: 8, width: 8 }, "logits");
    expect(graph.nodes.map(({ op }) => op.name)).toEqual([
      "quantize",
      "quantizedConv2d",
      "quantizedConv2d",
      "maxPool",
      "reshape",
      "quantizedDense",
      "quantizedDense",
    ]);
    const data = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i) * 2);
    let values: number[] = [];
    for (const { op, tensors, attributes } of graph.nodes) {
      const { x, y, weight, weightScale, bias } = tensors;
      const { scale, zeroPoint } = y.quantization ?? { scale: 0, zeroPoint: 0 };
      if (op.name === "quantize") {
        values = [...data].map((value) => Math.min(Math.max(Math.round(Math.fround(value * Math.fround(1 / scale))) + zeroPoint, 0), 127));
      } else if (op.name === "maxPool") {
        const [, height, width, channels] = x.shape;
        values = Array.from({ length: sizeOf(y.shape) }, (_, i) => {
          const [j, k, c] = [Math.floor(i / channels / (width / 2)), Math.floor(i / channels) % (width / 2), i % channels];
          return Math.max(...[0, 1].flatMap((dy) => [0, 1].map((dx) => values[((2 * j + dy) * width + 2 * k + dx) * channels + c])));
        });
        expect(height % 2).toBe(0);
      } else if (weight) {
        const layer = {
          weight: await quantized.session.read<Int8Array>(weight.name),
          shape: weight.shape,
          weightScale: await quantized.session.read(weightScale.name),
          bias: await quantized.session.read(bias.name),
        };
        const input = x.quantization as { scale: number; zeroPoint: number };
        values = storeReference(sumsOf(values, x.shape, layer, attributes, input.zeroPoint), layer, input, { ...attributes, scale, zeroPoint });
      }
    }
    expect([...(await quantized.forward({ data, shape: [1, 8, 8, 1] })).data]).toEqual(values);
  });

  test("reports, and refuses what loses more than was allowed", async () => {
    const model = await open("resnet20", { imageSize: 16 });
    let report: QuantizationReport | undefined;
    const images = photos(model, 8);
    const onReport = (made: QuantizationReport) => (report = made);
    (await quantize(model, images, { images: 5, maxLoss: 1, onReport })).close();
    expect(report).toMatchObject({ calibrationImages: 5, agreement: expect.any(Number), bytes: { float32: expect.any(Number) } });
    expect((report as QuantizationReport).bytes.float32 / (report as QuantizationReport).bytes.int8).toBeGreaterThan(3.5);

    await expect(quantize(model, photos(model, 40), { maxLoss: 0, onReport: () => {} })).rejects.toThrow(
      /^quantize: \d+ of 40 calibration images get another class, a loss of 0\.\d+, more than maxLoss 0; calibrate on/,
    );
    const others = photos(model, 40);
    const best = (await model.classify(others, { topK: 1 })).map(([{ label }]) => label);
    const validation = ImageList.from(
      others.map((image, i) => ({ image, label: best[i] })),
      { classes: labels },
    );
    const measured = quantize(model, images, { validation, maxLoss: 0, onReport });
    await measured.catch((error) => expect(error).toBeInstanceOf(QuantizationError));
    expect(report).toMatchObject({ accuracy: { float32: 1, int8: report?.agreement } });
    expect(report?.agreement).toBeLessThan(1);
    await expect(measured).rejects.toThrow(/^quantize: top-1 accuracy falls from 1 to 0\.\d+, a loss of/);
  });

  test("names what it cannot take", async () => {
    const model = await open("small_cnn", { imageSize: 8 });
    await expect(quantize(model, [], silent)).rejects.toThrow(new ArgumentError("quantize: expected at least one calibration image, got none"));
    await expect(quantize(model, photos(model, 1), { ...silent, maxLoss: -1 })).rejects.toThrow("quantize: maxLoss expected a number of 0 or more, got -1");
    await expect(quantize(model, photos(model, 1), { ...silent, images: 0.5 })).rejects.toThrow("quantize: images expected a whole number of 1 or more");
    const quantized = await quantize(model, photos(model, 1), silent);
    await expect(quantize(quantized, photos(model, 1), silent)).rejects.toThrow("quantize: the model is quantised already");
    await expect(quantized.save(undefined, { dtype: "float16" })).rejects.toThrow('save: a quantised model is int8 already, got dtype "float16"');
    const data = ImageList.from(
      photos(model, 6).map((image, i) => ({ image, label: labels[i % 3] })),
      { classes: labels },
    );
    expect(() => new Trainer(quantized, { train: data })).toThrow("train: a quantised model does not learn");
  });
});

describe("a quantised file", () => {
  /** The file of a quantised model with some of its tensors changed or left out. */
  async function changed(change: (tensor: TensorToWrite) => Partial<TensorToWrite> | undefined): Promise<Uint8Array> {
    const model = await open("small_cnn", { imageSize: 8 });
    const file = await openSafetensors(await (await quantize(model, photos(model, 1), silent)).save(), { verify: false });
    const tensors: TensorToWrite[] = [];
    for (const name of file.tensors.keys()) {
      const tensor = { name, ...(await file.read(name)) };
      const difference = change(tensor);
      if (difference) tensors.push({ ...tensor, ...difference });
    }
    const metadata = new Map([...file.metadata].filter(([key]) => key !== "ocelli.sha256"));
    return writeSafetensors(tensors, metadata);
  }
  const load = async (bytes: Promise<Uint8Array>) => loadModel(await bytes, { inline: true, build: "simd" });

  test("keeps int8 weights in PyTorch's layout, a scale for each channel, and what activations stand for", async () => {
    const names: string[] = [];
    await changed(({ name, dtype, shape }) => {
      names.push(`${name} ${dtype} [${shape}]`);
      return {};
    });
    expect(names.filter((name) => name.startsWith("conv2") || name.includes("input")).sort()).toMatchInlineSnapshot(`
      [
        "conv1.input_scale F32 []",
        "conv1.input_zero_point U8 []",
        "conv2.bias F32 [64]",
        "conv2.output_scale F32 []",
        "conv2.output_zero_point U8 []",
        "conv2.weight I8 [64,32,3,3]",
        "conv2.weight_scale F32 [64]",
      ]
    `);
  });

  test("steps have 12 binary digits, so that products of two are exact in float32", async () => {
    const steps: number[] = [];
    await changed(({ name, data }) => {
      if (name.endsWith("_scale")) steps.push(...(data as Float32Array));
      return {};
    });
    expect(steps.length).toBeGreaterThan(100);
    for (const [i, step] of steps.entries()) expect(Math.fround(step * steps[(7 * i) % steps.length])).toBe(step * steps[(7 * i) % steps.length]);
  });

  test("a scale that is none, a zero point out of range, a weight of another type and a missing number are named", async () => {
    await expect(load(changed(({ name }) => (name.endsWith("output_scale") ? { data: Float32Array.of(0) } : {})))).rejects.toThrow(
      /output" expects a scale above 0/,
    );
    await expect(load(changed(({ name }) => (name.endsWith("zero_point") ? { data: Uint8Array.of(128) } : {})))).rejects.toThrow("zero point of 0 to 127");
    await expect(
      load(changed(({ name, data }) => (name.endsWith("weight_scale") ? { data: (data as Float32Array).map(() => Number.NaN) } : {}))),
    ).rejects.toThrow(/weight_scale" expects scales above 0, got NaN/);
    await expect(
      load(changed(({ name, data }) => (name === "conv2.weight" ? { dtype: "F32", data: Float32Array.from(data as Int8Array) } : {}))),
    ).rejects.toThrow('tensor "conv2.weight" expects I8, got F32');
    await expect(load(changed(({ name }) => (name.endsWith("output_scale") ? undefined : {})))).rejects.toThrow(FormatError);
    await expect(load(changed(({ name }) => (name.includes("output") ? undefined : {})))).rejects.toThrow("does not say how");
  });

  test("a program for floats is refused on it", async () => {
    const model = await load(changed(() => ({})));
    const floats = await open("small_cnn", { imageSize: 8 });
    await expect(model.session.prepare(floats.graph({ batch: 1, height: 8, width: 8 }, "logits"))).rejects.toThrow("is kept as int8");
    expect(compile(model.graph({ batch: 1, height: 8, width: 8 }, "logits")).arenaBytes).toBeLessThan(
      compile(floats.graph({ batch: 1, height: 8, width: 8 }, "logits")).arenaBytes,
    );
  });
});

/** int32 sums of a layer on bytes: a convolution, or a dense layer. */
function sumsOf(
  x: readonly number[],
  shape: readonly number[],
  layer: { weight: Int8Array; shape: readonly number[] },
  attributes: object,
  pad: number,
): number[] {
  const { stride = [1, 1], padding = [0, 0, 0, 0] } = attributes as { stride?: number[]; padding?: number[] };
  const [kh, kw, depth, out] = layer.shape.length === 4 ? layer.shape : [1, 1, ...layer.shape];
  const [height, width] = shape.length === 4 ? shape.slice(1, 3) : [1, 1];
  const [rows, columns] = [0, 1].map(
    (axis) => Math.floor(([height, width][axis] + padding[2 * axis] + padding[2 * axis + 1] - [kh, kw][axis]) / stride[axis]) + 1,
  );
  return Array.from({ length: rows * columns * out }, (_, at) => {
    const [j, i, o] = [Math.floor(at / out / columns), Math.floor(at / out) % columns, at % out];
    let sum = 0;
    for (let ky = 0; ky < kh; ky++)
      for (let kx = 0; kx < kw; kx++)
        for (let c = 0; c < depth; c++) {
          const [iy, ix] = [j * stride[0] - padding[0] + ky, i * stride[1] - padding[2] + kx];
          const inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
          sum += (inside ? x[(iy * width + ix) * depth + c] : pad) * layer.weight[((ky * kw + kx) * depth + c) * out + o];
        }
    return sum;
  });
}
