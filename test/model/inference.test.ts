import { describe, expect, test } from "vitest";
import { ArgumentError, ClosedError, LimitError, ShapeError } from "../../src/core/errors.js";
import { limits } from "../../src/core/limits.js";
import { Random } from "../../src/core/random.js";
import { sizeOf } from "../../src/core/shape.js";
import { ImageList } from "../../src/data/image-list.js";
import { argmax, softmaxRow } from "../../src/model/logits.js";
import { EvaluationBuilder } from "../../src/model/metrics.js";
import type { Model } from "../../src/model/model.js";
import { hasBuild } from "../../src/runtime/instance.js";
import { createModel } from "../../src/zoo/create-model.js";

const labels = Array.from({ length: 7 }, (_, i) => `class ${i}`);
const side = 12;
const open = (name = "resnet20", options = {}) => createModel(name, { labels, imageSize: 8, inline: true, build: "simd", ...options });

/** Photographs of noise. */
const images = (count: number, seed = 0) =>
  Array.from({ length: count }, (_, i) => {
    const random = new Random(seed, i);
    return { data: Uint8Array.from({ length: side * side * 3 }, () => random.integer(256)), width: side, height: side, channels: 3 as const };
  });

describe("classify", () => {
  test("one image gives a list, several give a list of lists; scores are softmax, best first", async () => {
    const model = await open();
    const [image, other] = images(2);
    const scores = await model.classify(image, { topK: 7 });
    expect(scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 12);
    expect(scores.map(({ score }) => score)).toEqual(scores.map(({ score }) => score).sort((a, b) => b - a));
    expect(new Set(scores.map(({ label }) => label))).toEqual(new Set(labels));
    expect(await model.classify(image)).toEqual(scores.slice(0, 5));
    expect(await model.classify(image, { topK: 100 })).toEqual(scores);
    const both = await model.classify([image, other], { topK: 1 });
    expect(both).toHaveLength(2);
    expect(both[0]).toEqual(scores.slice(0, 1));
    expect(await model.classify([])).toEqual([]);
    model.close();
  });

  test("scores are the softmax of forward's logits on the preprocessed image, in float64", async () => {
    const model = await open("resnet20", {
      preprocessing: { resize: null, crop: side, interpolation: "bilinear", mean: [0.5], std: [0.25] },
      imageSize: undefined,
    });
    const [image] = images(1);
    const data = Float32Array.from(image.data, (level) => (level / 255 - 0.5) / 0.25);
    const { data: logits, shape } = await model.forward({ data, shape: [1, side, side, 3] });
    expect(shape).toEqual([1, 7]);
    const exps = [...logits].map((value) => Math.exp(value - Math.max(...logits)));
    const scores = await model.classify(image, { topK: 7 });
    for (const { label, score } of scores) {
      const expected = exps[labels.indexOf(label)] / exps.reduce((a, b) => a + b);
      expect(Math.abs(score / expected - 1)).toBeLessThan(1e-4);
    }
    model.close();
  });

  test.each([0, -1, 1.5, Number.NaN])("topK %d is refused", async (topK) => {
    const model = await open();
    await expect(model.classify(images(1)[0], { topK })).rejects.toThrow(new ArgumentError(`classify: topK expected a whole number of 1 or more, got ${topK}`));
    model.close();
  });
});

describe.each([
  ["resnet20", {}],
  ["mobilenet_v2", { imageSize: 32 }],
])("%s: a result does not depend on the batch", (name, options) => {
  test.each((["simd", "relaxed"] as const).filter(hasBuild))("%s: 33 images at once or one by one, the same bits", async (build) => {
    const model = await open(name, { ...options, build });
    const all = images(33);
    const together = await model.embed(all);
    const scores = await model.classify(all, { topK: 7 });
    for (const i of [0, 1, 13, 31, 32]) {
      expect(Buffer.compare(Buffer.from((await model.embed(all[i])).buffer), Buffer.from(together[i].buffer)), `image ${i}`).toBe(0);
      expect(await model.classify(all[i], { topK: 7 })).toEqual(scores[i]);
    }
    expect(new Set(together.map((row) => row.join())).size).toBe(33);
    model.close();
  });
});

test("threads and inline give the same scores, and calls made at once do not mix", async () => {
  const all = images(40);
  const alone = await open();
  const expected = await alone.classify(all, { topK: 7 });
  const threaded = await open("resnet20", { inline: false, threads: 2 });
  const results = await Promise.all([
    threaded.classify(all, { topK: 7 }),
    threaded.classify(all.slice(3, 5), { topK: 7 }),
    threaded.classify(all[39], { topK: 7 }),
  ]);
  expect(results[0]).toEqual(expected);
  expect(results[1]).toEqual(expected.slice(3, 5));
  expect(results[2]).toEqual(expected[39]);
  for (const model of [alone, threaded]) model.close();
});

describe("embed", () => {
  test("gives the pooled features that the head takes", async () => {
    const model = await open();
    const vectors = await model.embed(images(2));
    expect(vectors.map(({ length }) => length)).toEqual([64, 64]);
    const parameters = await model.parameters();
    const [weight, bias] = ["linear.weight", "linear.bias"].map((name) => parameters.get(name)?.data as Float32Array);
    const logits = labels.map((_, o) => vectors[0].reduce((sum, value, i) => sum + value * weight[o * 64 + i], bias[o]));
    const scores = await model.classify(images(1)[0], { topK: 7 });
    expect(scores[0].label).toBe(labels[argmax(logits)]);
    expect(scores[0].score).toBeCloseTo(softmaxRow(Float32Array.from(logits))[argmax(logits)], 5);
    model.close();
  });
});

describe("forward", () => {
  test("NCHW and NHWC are the same image, and sizes other than the model's work where the network allows", async () => {
    const model = await open();
    const [batch, height, width, channels] = [2, 9, 11, 3];
    const random = new Random(5);
    const nhwc = Float32Array.from({ length: batch * height * width * channels }, () => random.normal());
    const nchw = new Float32Array(nhwc.length);
    for (let n = 0; n < batch; n++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          for (let c = 0; c < channels; c++) nchw[((n * channels + c) * height + y) * width + x] = nhwc[((n * height + y) * width + x) * channels + c];
    const one = await model.forward({ data: nhwc, shape: [batch, height, width, channels] });
    const other = await model.forward({ data: nchw, shape: [batch, channels, height, width], layout: "NCHW" });
    expect(one.shape).toEqual([2, 7]);
    expect(other).toEqual(one);
    model.close();
  });

  test("refuses shapes that do not fit, with the numbers", async () => {
    const model = await open();
    const forward = (shape: number[], length = sizeOf(shape), layout?: "NCHW") => model.forward({ data: new Float32Array(length), shape, layout });
    await expect(forward([8, 8, 3])).rejects.toThrow(new ShapeError("forward: expected 4 axes, got shape [8,8,3]"));
    await expect(forward([1, 8, 8, 1])).rejects.toThrow("forward: resnet20 expects 3 channels, got 1 (NHWC [1,8,8,1])");
    await expect(forward([1, 8, 8, 3], 192, "NCHW")).rejects.toThrow("forward: resnet20 expects 3 channels, got 8 (NCHW [1,8,8,3])");
    await expect(forward([1, 8, 8, 3], 191)).rejects.toThrow("forward: shape [1,8,8,3] needs 192 numbers, got 191");
    model.close();
  });
});

describe("evaluate", () => {
  /** Six images of three classes, whose logits are given. */
  const rows: [label: number, logits: number[]][] = [
    [0, [3, 1, 0]],
    [0, [0, 2, 1]],
    [1, [0, 5, 0]],
    [1, [1, 1.5, 1]],
    [1, [2, 0, 0]],
    [2, [0, 1, 0]],
  ];

  test("accuracy, loss, confusion and per-class figures are those made by hand", () => {
    const builder = new EvaluationBuilder(["a", "b", "c"]);
    rows.forEach(([label, logits], i) => builder.add(`image ${i}`, label, Float32Array.from(logits)));
    const { accuracy, top5, loss, confusion, classes, predictions } = builder.finish();
    expect(accuracy).toBe(3 / 6);
    expect(top5).toBe(1);
    const losses = rows.map(([label, logits]) => Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0)) - logits[label]);
    expect(loss).toBeCloseTo(losses.reduce((a, b) => a + b) / 6, 12);
    expect(confusion).toEqual([
      [1, 1, 0],
      [1, 2, 0],
      [0, 1, 0],
    ]);
    expect(classes).toEqual([
      { label: "a", precision: 1 / 2, recall: 1 / 2, f1: 1 / 2, rocAuc: expect.any(Number), support: 2 },
      { label: "b", precision: 2 / 4, recall: 2 / 3, f1: (2 * 0.5 * (2 / 3)) / (0.5 + 2 / 3), rocAuc: expect.any(Number), support: 3 },
      { label: "c", precision: 0, recall: 0, f1: 0, rocAuc: expect.any(Number), support: 1 },
    ]);
    expect(predictions[1]).toMatchObject({ id: "image 1", label: 0, predicted: 1 });
    expect(predictions[1].score).toBeCloseTo(Math.exp(2) / (1 + Math.exp(2) + Math.exp(1)), 12);
    expect(predictions[1].labelScore).toBeCloseTo(1 / (1 + Math.exp(2) + Math.exp(1)), 12);
  });

  test("top 5 counts the five best; a hopeless prediction has its true loss, not infinity", () => {
    const builder = new EvaluationBuilder(labels);
    builder.add("fifth", 4, Float32Array.of(9, 8, 7, 6, 5, 4, 3));
    builder.add("sixth", 5, Float32Array.of(9, 8, 7, 6, 5, 4, 3));
    expect(builder.finish().top5).toBe(0.5);
    const hopeless = new EvaluationBuilder(["a", "b"]);
    hopeless.add("x", 1, Float32Array.of(2000, 0));
    expect(hopeless.finish().loss).toBe(2000);
    expect(new EvaluationBuilder(["a", "b"]).finish()).toMatchObject({ accuracy: 0, loss: 0, top5: 0 });
  });

  test("on a data set: what classify says, in order, classes matched by name, progress to the end", async () => {
    const model = await open();
    const all = images(40);
    const data = ImageList.from(all.map((image, i) => ({ image, label: labels[6 - (i % 3)], id: `photo ${i}` })));
    expect(data.classes).toEqual(["class 4", "class 5", "class 6"]);
    const done: number[][] = [];
    const { predictions, accuracy, confusion } = await model.evaluate(data, { onProgress: (count, total) => done.push([count, total]) });
    const best = (await model.classify(all, { topK: 1 })).map(([{ label, score }]) => ({ label, score }));
    expect(predictions.map(({ id }) => id)).toEqual(all.map((_, i) => `photo ${i}`));
    predictions.forEach(({ label, predicted, score }, i) => {
      expect(label).toBe(6 - (i % 3));
      expect({ label: labels[predicted], score }).toEqual(best[i]);
    });
    expect(accuracy).toBe(predictions.filter(({ label, predicted }) => label === predicted).length / 40);
    expect(confusion.flat().reduce((a, b) => a + b)).toBe(40);
    expect(done).toEqual([
      [32, 40],
      [40, 40],
    ]);
    model.close();
  });

  test("names the image that cannot be read and the class that is not known; an abort is heard", async () => {
    const model = await open();
    const [good] = images(1);
    const torn = ImageList.from([
      { image: good, label: "class 0" },
      { image: Uint8Array.of(1), label: "class 1", id: "photos/torn.jpg" },
    ]);
    await expect(model.evaluate(torn)).rejects.toThrow("photos/torn.jpg");
    const other = ImageList.from([
      { image: good, label: "class 0" },
      { image: good, label: "zebra" },
    ]);
    await expect(model.evaluate(other)).rejects.toThrow('class "zebra" is not among the model\'s labels: class 0, class 1');
    await expect(
      model.evaluate(
        ImageList.from([
          { image: good, label: "class 0" },
          { image: good, label: "class 1" },
        ]),
        { signal: AbortSignal.abort(new Error("enough")) },
      ),
    ).rejects.toThrow("enough");
    model.close();
  });
});

describe("parameters", () => {
  test("are copies; setParameters writes them back and refuses what does not fit, changing nothing", async () => {
    const model = await open();
    const first = await model.parameters();
    const bias = first.get("linear.bias")?.data as Float32Array;
    bias.fill(3);
    expect((await model.parameters()).get("linear.bias")?.data).not.toEqual(bias);
    await model.setParameters(first);
    expect((await model.parameters()).get("linear.bias")?.data).toEqual(bias);
    await expect(model.setParameters(new Map([["nowhere", { shape: [1], data: new Float32Array(1) }]]))).rejects.toThrow(
      'setParameters: resnet20 has no tensor "nowhere"',
    );
    const misfits = new Map([
      ["linear.bias", { shape: [7], data: new Float32Array(7) }],
      ["conv1.weight", { shape: [3, 3, 3, 16], data: new Float32Array(432) }],
    ]);
    await expect(model.setParameters(misfits)).rejects.toThrow('setParameters: "conv1.weight" expects [16,3,3,3], got [3,3,3,16] with 432 numbers');
    expect((await model.parameters()).get("linear.bias")?.data).toEqual(bias);
    model.close();
  });

  test("inference follows them", async () => {
    const model = await open();
    const [image] = images(1);
    const tensors = await model.parameters();
    await model.classify(image);
    const bias = Float32Array.from(labels, (_, i) => (i === 4 ? 100 : 0));
    await model.setParameters(new Map([...tensors, ["linear.bias", { shape: [7], data: bias }]]));
    expect((await model.classify(image, { topK: 1 }))[0].label).toBe("class 4");
    model.close();
  });
});

test("memory() and describe() tell what the model is made of; close() ends it", async () => {
  const model: Model = await open();
  const empty = model.memory({ images: 0 });
  expect(empty.parameters).toBe([...(await model.parameters()).values()].reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0));
  expect(empty).toMatchObject({ optimizer: 0, derived: 0, activations: 0, gradients: 0, workspace: 0, staging: 0 });
  const predicted = [1, 70].map((count) => model.memory({ images: count }));
  expect(model.memory({ images: 0 })).toEqual(empty);
  await model.classify(images(1)[0]);
  expect(model.memory()).toEqual(predicted[0]);
  expect(model.memory({ images: 0 })).toEqual({ ...predicted[0], staging: 0, process: predicted[0].process - predicted[0].staging });
  expect(predicted[0].staging).toBe(8 * 8 * 3 * 4);
  expect(predicted[1].process).toBe(predicted[1].total + predicted[1].staging + predicted[1].threads);
  expect(() => model.memory({ images: -1 })).toThrow("memory: images expected a whole number, got -1");
  const used = model.memory();
  expect(used.activations).toBeGreaterThan(8 * 8 * 16 * 4);
  expect(used.derived).toBeGreaterThan(0);
  expect(used.parameters).toBe(empty.parameters);
  const description = model.describe();
  expect(description).toMatchObject({
    architecture: "resnet20",
    inputShape: [1, 8, 8, 3],
    classes: 7,
    build: "simd",
    threads: 1,
    memory: used,
    preprocessing: model.preprocessing,
  });
  expect(description.parameters).toBe(
    [...(await model.parameters())].reduce((sum, [name, { shape }]) => sum + (name.includes("running_") ? 0 : sizeOf(shape)), 0),
  );
  expect(description.multiplyAdds).toBeGreaterThan(2e6);
  model.close();
  await expect(model.classify(images(1)[0])).rejects.toThrow(ClosedError);
});

describe("many input sizes at once", () => {
  test.each([
    ["inline", { inline: true }],
    ["in a worker", { inline: false, threads: 1 }],
    ["on two threads", { inline: false, threads: 2 }],
  ])("%s, more than programs are kept of: the same logits as one after another", async (_, options) => {
    const model = await open("resnet20", options);
    const random = new Random(1);
    const inputs = Array.from({ length: 9 }, (_, i) => {
      const shape = [i + 1, 8, 8, 3];
      return { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-1, 1)) };
    });
    const alone: Float32Array[] = [];
    for (const input of inputs) alone.push((await model.forward(input)).data);
    for (let round = 0; round < 3; round++)
      expect(await Promise.all([...inputs, ...inputs.toReversed()].map(async (input) => (await model.forward(input)).data))).toEqual([
        ...alone,
        ...alone.toReversed(),
      ]);
    model.close();
  });

  test("a size that does not fit a limit is tried anew under another limit", async () => {
    const model = await open();
    const { memoryBytes } = limits;
    limits.memoryBytes = 2e6;
    const image = images(1)[0];
    await expect(model.classify(image)).rejects.toThrow(LimitError);
    limits.memoryBytes = memoryBytes;
    expect(await model.classify(image)).toHaveLength(5);
    model.close();
  });
});
