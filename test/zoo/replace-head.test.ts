import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../src/core/errors.js";
import { onnxBytes } from "../../src/formats/onnx/write-model.js";
import type { OnnxModel } from "../../src/formats/onnx/read-model.js";
import type { Model } from "../../src/model/model.js";
import { fineTune } from "../../src/train/fine-tune.js";
import { createModel } from "../../src/zoo/create-model.js";
import { loadModel } from "../../src/zoo/load-model.js";
import { classes, tinyData } from "../train/tiny.js";
import { images, model, node, scores, stem, stemShapes, tinyCnn, weights } from "./tiny-onnx.js";

const inline = { inline: true, build: "simd" } as const;
const open = (graph: OnnxModel = tinyCnn()) => loadModel(onnxBytes(graph), { ...inline, preprocessing: "0..1" });
const tensors = async (of: Model) => new Map([...(await of.parameters())].map(([name, { data }]) => [name, [...data]]));

/** A graph that ends in features, and one whose classifier is a convolution before the pooling, as SqueezeNet's. */
const headless = model([...stem, node("GlobalAveragePool", ["map"], ["pooled"]), node("Flatten", ["pooled"], ["scores"])], weights(stemShapes));
const convolutional = model(
  [
    ...stem,
    node("Dropout", ["map"], ["dropped"]),
    node("Conv", ["dropped", "head.weight", "head.bias"], ["classes"], { kernel_shape: [1, 1] }),
    node("Relu", ["classes"], ["positive"]),
    node("GlobalAveragePool", ["positive"], ["pooled"]),
    node("Flatten", ["pooled"], ["scores"]),
  ],
  weights({ ...stemShapes, "head.weight": [5, 8, 1, 1], "head.bias": [5] }),
);
/** Channels last, a kernel [in, out], a bias that is added, as converters from TensorFlow write it. */
const dense = model(
  [
    node("Transpose", ["images"], ["planes"], { perm: [0, 3, 1, 2] }),
    ...stem.map((each) => ({ ...each, inputs: each.inputs.map((name) => (name === "images" ? "planes" : name)) })),
    node("ReduceMean", ["map"], ["pooled"], { axes: [2, 3], keepdims: 0 }),
    node("MatMul", ["pooled", "kernel"], ["product"]),
    node("Add", ["product", "bias"], ["logits"]),
    node("Softmax", ["logits"], ["scores"], { axis: -1 }),
  ],
  weights({ ...stemShapes, kernel: [8, 5], bias: [5] }),
  { inputs: [images([1, 8, 8, 3])], outputs: [scores] },
);

describe("replaceHead", () => {
  test.each<[string, OnnxModel, string[]]>([
    ["a dense layer", tinyCnn(), ["fc.weight", "fc.bias"]],
    ["a convolution", convolutional, ["head.weight", "head.bias"]],
    ["a product and a sum", dense, ["kernel", "bias"]],
    ["no classifier", headless, ["classifier.weight", "classifier.bias"]],
  ])("of %s: the backbone keeps its bits, the classifier follows the seed", async (_, graph, names) => {
    const old = await open(graph);
    const before = await tensors(old);
    const made = await old.replaceHead(["cat", "dog"], { seed: 1 });
    expect(made.labels).toEqual(["cat", "dog"]);
    expect([...made.architecture.classifier]).toEqual(names);
    const after = await tensors(made);
    for (const [name, data] of before) if (!names.includes(name)) expect([name, after.get(name)]).toEqual([name, data]);
    expect(names.map((name) => after.get(name)?.length)).toEqual([16, 2]);
    expect(names.every((name) => after.get(name)?.some((value) => value !== 0))).toBe(true);
    const [same, other] = await Promise.all([old.replaceHead(2, { seed: 1 }), old.replaceHead(2, { seed: 2 })]);
    expect(same.labels).toEqual(["0", "1"]);
    expect(await tensors(same)).toEqual(after);
    expect((await tensors(other)).get(names[0])).not.toEqual(after.get(names[0]));
    const x = { data: Float32Array.from({ length: 2 * 192 }, (_, i) => (i % 17) / 17), shape: [2, 8, 8, 3] };
    const logits = await made.forward(x);
    expect(logits.shape).toEqual([2, 2]);
    const again = await loadModel(await made.save(), inline);
    expect(await again.forward(x)).toEqual(logits);
    expect(again.preprocessing).toEqual(old.preprocessing);
    for (const each of [old, made, same, other, again]) each.close();
  });

  test("of networks of ours", async () => {
    const old = await createModel("small_cnn", { ...inline, labels: classes, seed: 1 });
    const made = await old.replaceHead(5, { seed: 3 });
    const [before, after] = [await tensors(old), await tensors(made)];
    const head = made.architecture.classifier;
    for (const [name, data] of before) if (!head.includes(name)) expect(after.get(name)).toEqual(data);
    const direct = await tensors(await createModel("small_cnn", { ...inline, numClasses: 5, seed: 3 }));
    for (const name of head) expect(after.get(name)).toEqual(direct.get(name));
    await expect(old.replaceHead([])).rejects.toThrow(new ArgumentError("replaceHead: expected 1 class or more, got 0"));
    await expect(old.replaceHead(1.5)).rejects.toThrow(ArgumentError);
    old.close();
    made.close();
  });

  test("and fineTune: head first on kept features, then all, norms with the file's statistics", async () => {
    const made = await (await open()).replaceHead(classes);
    const before = await tensors(made);
    const data = { train: tinyData(30), validation: tinyData(15, { seed: 1 }) };
    const head = await fineTune(made, data, { epochs: 0, freezeEpochs: 20, headLr: 0.1, batchSize: 8 });
    const frozen = await tensors(made);
    for (const [name, values] of before) expect([name, frozen.get(name)?.join() === values.join()]).toEqual([name, !name.startsWith("fc.")]);
    expect(head.at(-1)?.loss).toBeLessThan(head[0].loss);
    const notices: string[] = [];
    const all = await fineTune(made, data, { epochs: 6, freezeEpochs: 0, baseLr: 0.02, batchSize: 8, onNotice: (notice) => notices.push(notice) });
    expect(notices).toEqual(["batch norm keeps the checkpoint's statistics, because 30 training images are fewer than 10000"]);
    const after = await tensors(made);
    for (const [name, values] of frozen) expect([name, after.get(name)?.join() === values.join()]).toEqual([name, name.includes("running_")]);
    expect(all.at(-1)?.loss).toBeLessThan(head[0].loss);
    expect(all.at(-1)?.validation?.accuracy).toBeGreaterThan(0.8);
    const saved = await loadModel(await made.save(), inline);
    expect(await tensors(saved)).toEqual(after);
    await fineTune(saved, data, { epochs: 1, freezeEpochs: 0, batchSize: 8, batchNorm: "train" });
    expect((await tensors(saved)).get("bn1.running_mean")).not.toEqual(after.get("bn1.running_mean"));
    made.close();
    saved.close();
  });
});
