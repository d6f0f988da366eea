import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ArgumentError, FormatError, UnsupportedOpError } from "../../src/core/errors.js";
import { constant, stored } from "../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../src/formats/onnx/evaluate/index.js";
import type { OnnxModel } from "../../src/formats/onnx/read-model.js";
import { onnxBytes } from "../../src/formats/onnx/write-model.js";
import type { Model } from "../../src/model/model.js";
import { quantize } from "../../src/model/quantize.js";
import { type LoadOptions, loadModel } from "../../src/zoo/load-model.js";
import { asset } from "../assets.js";
import { relativeError, uniform } from "./recipe.js";
import { images, model, node, stem, stemShapes, tail, tailShapes, tinyCnn, weights, whole } from "./tiny-onnx.js";

const inline = { inline: true, build: "simd" } as const;
const load = (graph: OnnxModel, options: LoadOptions = {}) => loadModel(onnxBytes(graph), { ...inline, ...options });

/** Logits of images in ONNX's layout, by us. */
const logitsOf = async (of: Model, data: Float32Array, shape: readonly number[]) => (await of.forward({ data, shape, layout: "NCHW" })).data;

/** The same by the evaluator, whose graph ends in softmax: equal up to one number for each image. */
function logScores(graph: OnnxModel, data: Float32Array, shape: readonly number[]): number[] {
  const { data: scores } = evaluateGraph(graph, new Map([[graph.inputs[0].name, constant("float32", shape, data)]])).get("scores") as { data: Float32Array };
  return [...scores].map(Math.log);
}

const centred = (values: ArrayLike<number>, classes: number) =>
  Float32Array.from(values, (value, i) => {
    const row = Array.from({ length: classes }, (_, k) => values[i - (i % classes) + k]);
    return value - row.reduce((sum, each) => sum + each, 0) / classes;
  });

const batch = (count: number, side = 8) => Float32Array.from(uniform(99, count * 3 * side * side));

describe("classifiers in ONNX files", () => {
  for (const [folder, side] of [
    ["squeezenet1_0_deepcompression", 227],
    ["mobilenet_v3_small_random", 224],
  ] as const) {
    const paths = ["model.onnx", "reference.json", "input_0.f32", "input_1.f32"].map((file) => asset(`weights/${folder}/${file}`));
    const isThere = paths.every((path) => path !== undefined);

    test.skipIf(!isThere)(`${folder} gives PyTorch's logits, and the same bits once saved and loaded`, async () => {
      const [file, reference, ...inputs] = paths as string[];
      const expected: { logits: number[][] } = JSON.parse(readFileSync(reference, "utf8"));
      const first = await loadModel(file, inline);
      const saved = await first.save();
      const second = await loadModel(saved, inline);
      expect(first.imageSize).toEqual([side, side]);
      expect(first.architecture.name).toBe(folder);
      expect(second.architecture.classifier).toEqual(first.architecture.classifier);
      const both = new Float32Array(inputs.flatMap((path) => [...new Float32Array(new Uint8Array(readFileSync(path)).buffer)]));
      const logits = await logitsOf(first, both, [2, 3, side, side]);
      for (const [i, row] of expected.logits.slice(0, 2).entries()) expect(relativeError(logits.subarray(1000 * i, 1000 * (i + 1)), row)).toBeLessThan(1e-4);
      expect(await logitsOf(second, both, [2, 3, side, side])).toEqual(logits);
      expect(Buffer.compare(await second.save(), saved)).toBe(0);
      first.close();
      second.close();
    });
  }

  test("tensors keep the names and layouts of the file; softmax is left out of logits", async () => {
    const graph = tinyCnn();
    const opened = await load(graph);
    const parameters = await opened.parameters();
    expect([...parameters.keys()].sort()).toEqual([...graph.initializers.keys()].sort());
    for (const [name, { shape, data }] of parameters) {
      expect([name, shape]).toEqual([name, graph.initializers.get(name)?.shape]);
      expect(data).toEqual(graph.initializers.get(name)?.decode().data);
    }
    const x = batch(3);
    const logits = await logitsOf(opened, x, [3, 3, 8, 8]);
    expect(relativeError(centred(logits, 5), centred(logScores(graph, x, [3, 3, 8, 8]), 5))).toBeLessThan(1e-5);
    expect(opened.architecture.classifier).toEqual(["fc.weight", "fc.bias"]);
    expect((await opened.forward({ data: x, shape: [3, 3, 8, 8], layout: "NCHW" })).shape).toEqual([3, 5]);
    opened.close();
  });

  test("an unknown preprocessing is asked for, and is kept once given", async () => {
    const opened = await load(tinyCnn());
    const image = { data: new Uint8Array(10 * 12 * 3).fill(200), width: 12, height: 10, channels: 3 as const };
    for (const call of [() => opened.classify(image), () => opened.embed(image), async () => opened.preprocessing]) {
      await expect(call()).rejects.toThrow(ArgumentError);
      await expect(call()).rejects.toThrow('preprocessing } as it was trained: "imagenet", "caffe", "-1..1", "0..1", "0..255"');
    }
    expect(opened.describe().preprocessing).toBeUndefined();
    expect((await loadModel(await opened.save(), inline)).facts.preprocessing).toBeUndefined();
    opened.close();

    const named = await load(tinyCnn(), { preprocessing: "-1..1", labels: ["a", "b", "c", "d", "e"] });
    expect(named.preprocessing).toMatchObject({ resize: 9, crop: 8, interpolation: "bilinear", mean: [0.5], std: [0.5] });
    const scores = await named.classify(image);
    expect(scores.map(({ label }) => label).sort()).toEqual(["a", "b", "c", "d", "e"]);
    const again = await loadModel(await named.save(), inline);
    expect(again.preprocessing).toEqual(named.preprocessing);
    expect(await again.classify(image)).toEqual(scores);
    expect(await again.embed(image)).toHaveLength(8);
    named.close();
    again.close();
  });

  test("what the user says has to fit", async () => {
    await expect(load(tinyCnn(), { labels: ["a", "b"] })).rejects.toThrow("load: 2 labels for 5 classes; replaceHead gives a model other classes");
    await expect(load(tinyCnn(), { preprocessing: "psychic" as "caffe" })).rejects.toThrow(
      'preprocessing: expected imagenet, caffe, -1..1, 0..1, 0..255 or a description, got "psychic"',
    );
    const open = tinyCnn({ inputs: [images(["N", 3, "H", "W"])] });
    await expect(load(open, { preprocessing: "0..1" })).rejects.toThrow("images of any size; give theirs, imageSize, beside preprocessing");
    const opened = await load(open, { preprocessing: "0..1", imageSize: 16 });
    expect([opened.imageSize, opened.preprocessing.crop]).toEqual([[16, 16], 16]);
    opened.close();
  });
});

/** Endings that say how many images there are, where an exporter saw one; all of them mean the same. */
const endings: Record<string, OnnxModel["nodes"]> = {
  "[1, -1]": [node("Reshape", ["pooled", "shape"], ["flat"])],
  "[1, 8]": [node("Reshape", ["pooled", "shape"], ["flat"])],
  "a shape with the batch inside": [
    node("Reshape", ["pooled", "shape"], ["twice"]),
    node("Transpose", ["twice"], ["turned"], { perm: [1, 0, 2] }),
    node("Reshape", ["turned", "flatShape"], ["flat"]),
  ],
};
const shapes: Record<string, [number[], number[]]> = {
  "[1, -1]": [[1, -1], [0]],
  "[1, 8]": [[1, 8], [0]],
  "a shape with the batch inside": [
    [1, 2, 4],
    [2, 4],
  ],
};

describe("graphs that were traced on one image", () => {
  test.each(["[1, -1]", "[1, 8]"])("take any number of them: Reshape to %s", async (name) => {
    const graph = model(
      [...stem, node("GlobalAveragePool", ["map"], ["pooled"]), ...endings[name], node("Gemm", ["flat", "fc.weight", "fc.bias"], ["scores"], { transB: 1 })],
      new Map([...weights({ ...stemShapes, ...tailShapes }), ["shape", whole(shapes[name][0])]]),
      { inputs: [images([1, 3, 8, 8])] },
    );
    await sameOneByOne(graph);
  });

  test("that cannot take more run one image after another", async () => {
    const graph = model(
      [
        ...stem,
        node("GlobalAveragePool", ["map"], ["pooled"]),
        ...endings["a shape with the batch inside"],
        node("MatMul", ["flat", "mix"], ["mixed"]),
        node("ReduceMean", ["mixed"], ["mean"], { axes: [0], keepdims: 1 }),
        node("Gemm", ["mean", "fc.weight", "fc.bias"], ["scores"], { transB: 1 }),
      ],
      new Map([...weights({ ...stemShapes, mix: [4, 8], ...tailShapes }), ["shape", whole([1, 2, 4])], ["flatShape", whole([2, 4])]]),
      { inputs: [images([1, 3, 8, 8])] },
    );
    await sameOneByOne(graph);
  });

  async function sameOneByOne(graph: OnnxModel) {
    const opened = await load(graph);
    const x = batch(3);
    const together = await logitsOf(opened, x, [3, 3, 8, 8]);
    for (let i = 0; i < 3; i++) {
      const one = x.slice(i * 192, (i + 1) * 192);
      const alone = await logitsOf(opened, one, [1, 3, 8, 8]);
      expect(together.slice(5 * i, 5 * i + 5)).toEqual(alone);
      const expected = evaluateGraph(graph, new Map([["images", constant("float32", [1, 3, 8, 8], one)]])).get("scores")?.data ?? [];
      expect(relativeError(alone, expected)).toBeLessThan(1e-5);
    }
    opened.close();
  }
});

describe("what is no classifier of images is refused", () => {
  const refused: [string, OnnxModel, typeof FormatError | typeof UnsupportedOpError, string][] = [
    [
      "two inputs",
      tinyCnn({ inputs: [images(["N", 3, 8, 8]), { name: "more", type: "float32", shape: [1] }] }),
      UnsupportedOpError,
      "openOnnx runs graphs of any inputs",
    ],
    ["vectors", tinyCnn({ inputs: [images(["N", 192])] }), UnsupportedOpError, "expected images [N,C,H,W] or [N,H,W,C]"],
    ["four channels", tinyCnn({ inputs: [images(["N", 4, 8, 8])] }), UnsupportedOpError, "expected images of 3 channels or 1"],
    [
      "a map",
      model(stem, weights(stemShapes), { outputs: [{ name: "map", type: "float32" }] }),
      UnsupportedOpError,
      "expected class scores [N, classes], got float32 [1,8,4,4]",
    ],
    [
      "weights that do not fit",
      model(stem, weights({ ...stemShapes, "conv1.weight": [8, 4, 3, 3] }), { outputs: [{ name: "map", type: "float32" }] }),
      FormatError,
      "Conv",
    ],
    ["a constant", model([node("Relu", ["fc.bias"], ["scores"])], weights(tailShapes)), FormatError, "does not depend on the image"],
  ];
  test.each(refused)("%s", async (_, graph, error, says) => {
    await expect(load(graph)).rejects.toThrow(error);
    await expect(load(graph)).rejects.toThrow(says);
  });
});

test("images that the graph itself brings to a network's range, by numbers for each channel", async () => {
  const range = [
    node("Sub", ["images", "mean"], ["shifted"]),
    node("Div", ["shifted", "std"], ["scaled"]),
    node("Pow", ["scaled", "power"], ["raised"]),
    node("Conv", ["raised", "conv1.weight"], ["c1"], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  ];
  const numbers = { mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2], power: [1, 2, 3] };
  const initializers = new Map([
    ...weights({ ...stemShapes, ...tailShapes }),
    ...Object.entries(numbers).map(([name, each]) => [name, stored(constant("float32", [1, 3, 1, 1], each))] as const),
  ]);
  const graph = model([...range, ...stem.slice(1), ...tail], initializers);
  const opened = await load(graph);
  const x = batch(2);
  const logits = await logitsOf(opened, x, [2, 3, 8, 8]);
  expect(relativeError(centred(logits, 5), centred(logScores(graph, x, [2, 3, 8, 8]), 5))).toBeLessThan(1e-5);
  const again = await loadModel(await opened.save(), inline);
  expect(await logitsOf(again, x, [2, 3, 8, 8])).toEqual(logits);
  opened.close();
  again.close();
});

test.each([
  ["squeezenet.onnx", "squeezenet"],
  ["squeezenet/model.onnx", "squeezenet"],
  ["cats.v2/onnx/model.onnx", "cats.v2"],
  ["model.onnx", "model"],
])("%s is named %s", async (path, name) => {
  const root = mkdtempSync(join(tmpdir(), "ocelli-name-"));
  const cwd = process.cwd();
  try {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), onnxBytes(tinyCnn()));
    process.chdir(root);
    const opened = await loadModel(path, inline);
    expect(opened.architecture.name).toBe(name);
    const again = await loadModel(await opened.save(), inline);
    expect(again.architecture.name).toBe(name);
    opened.close();
    again.close();
  } finally {
    process.chdir(cwd);
    rmSync(root, { recursive: true });
  }
});

test("an imported model quantises, and saves as ONNX, to the same classes", async () => {
  const image = { data: Uint8Array.from(uniform(3, 12 * 12 * 3), (value) => 128 + 127 * value), width: 12, height: 12, channels: 3 as const };
  const opened = await load(tinyCnn(), { preprocessing: "0..1", labels: ["a", "b", "c", "d", "e"], winograd: false });
  const quantized = await quantize(opened, [image], { maxLoss: 1, onReport: () => {} });
  expect(quantized.session.winograd).toBe(false);
  const again = await loadModel(await quantized.save(), inline);
  expect(await again.classify(image)).toEqual(await quantized.classify(image));
  const exported = await loadModel(await opened.save(undefined, { format: "onnx" }), inline);
  expect(exported.preprocessing).toEqual(opened.preprocessing);
  expect((await exported.classify(image)).map(({ label }) => label)).toEqual((await opened.classify(image)).map(({ label }) => label));
  for (const each of [opened, quantized, again, exported]) each.close();
});

test("a quantised model that ends in rounded scores embeds what its classifier takes, and gets a new one behind them", async () => {
  const image = { data: Uint8Array.from(uniform(3, 12 * 12 * 3), (value) => 128 + 127 * value), width: 12, height: 12, channels: 3 as const };
  const head = [
    node("Conv", ["map", "fc.weight", "fc.bias"], ["scored"]),
    node("Relu", ["scored"], ["kept"]),
    node("GlobalAveragePool", ["kept"], ["pooled"]),
    node("Flatten", ["pooled"], ["scores"]),
  ];
  const graph = model([...stem, ...head], weights({ ...stemShapes, "fc.weight": [5, 8, 1, 1], "fc.bias": [5] }));
  const opened = await load(graph, { preprocessing: "0..1" });
  const quantized = await quantize(opened, [image], { maxLoss: 1, onReport: () => {} });
  const imported = await loadModel(await quantized.save(undefined, { format: "onnx" }), inline);
  const [floats, bytes] = [await opened.embed(image), await imported.embed(image)];
  expect(bytes).toHaveLength(8);
  expect(relativeError(bytes, floats)).toBeLessThan(0.05);
  const other = await imported.replaceHead(["x", "y", "z"]);
  expect((await other.classify(image)).map(({ label }) => label).sort()).toEqual(["x", "y", "z"]);
  expect(other.architecture.classifier).toEqual(["classifier.weight", "classifier.bias"]);
  for (const each of [opened, quantized, imported, other]) each.close();
});
