import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CreateOptions, createModel, ImageList, loadModel, type Model, quantize } from "../../src/index.js";
import { openOnnx } from "../../src/onnx.js";
import { openTflite } from "../../src/tflite.js";
import { type Explanation, explain, layersToExplain, overlay } from "../../src/vision/index.js";
import { onnxBytes } from "../../src/formats/onnx/write-model.js";
import { model as tinyModel, node, weights } from "../zoo/tiny-onnx.js";
import { asset } from "../assets.js";

interface Case {
  readonly folder: string;
  readonly image: string;
  readonly label: number;
  readonly layer: string | null;
  readonly score: number;
  readonly grid: readonly (readonly number[])[];
  /** heat[k][3 k modulo 32] of an image of 32 x 32 pixels. */
  readonly diagonal?: readonly number[];
}

const { cases }: { cases: Case[] } = JSON.parse(readFileSync("test/fixtures/grad-cam.json", "utf8"));
const networks: Record<string, [name: string, options: CreateOptions]> = {
  "mobilenet_v2_1.0_224_coral_tf2ptq": [
    "mobilenet_v2",
    { options: { padding: "same" }, preprocessing: { resize: 256, crop: 224, interpolation: "bilinear", mean: [0.5], std: [0.5] } },
  ],
  cifar_resnet20: [
    "resnet20",
    { preprocessing: { resize: null, crop: 32, interpolation: "bilinear", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } },
  ],
};

describe("Grad-CAM of real networks is PyTorch's", () => {
  for (const [folder, [name, options]] of Object.entries(networks)) {
    const checkpoint = asset(`weights/${folder}/model.safetensors`);
    const mine = cases.filter((each) => each.folder === folder);
    const images = mine.map(({ image }) => asset(`images/${image}`) as string);
    it.skipIf(!checkpoint || images.some((image) => !image))(name, async () => {
      const model = await createModel(name, { pretrained: checkpoint, build: "simd", ...options });
      const graph = await openOnnx(await model.save(undefined, { format: "onnx" }), { build: "simd" });
      for (const [i, { label, layer, score, grid, diagonal }] of mine.entries()) {
        const by = await explain(model, images[i], { label: label === 7 ? 7 : undefined, layer: layer ?? undefined });
        expect([by.label, by.grid.height, by.grid.width]).toEqual([String(label), grid.length, grid[0].length]);
        expect(Math.abs(by.score - score)).toBeLessThan(1e-4);
        const worst = Math.max(...grid.flat().map((value, at) => Math.abs(value - by.grid.data[at])));
        console.log(`${name} ${layer ?? ""} class ${label}: max|a - b| = ${worst.toExponential(1)}`);
        expect(worst).toBeLessThan(1e-3);
        diagonal?.forEach((value, k) => expect(Math.abs(by.heat[32 * k + ((3 * k) % 32)] - value)).toBeLessThan(1e-3));
        if (i === 0) expectSame(await explain(graph, images[i], { label: label === 7 ? 7 : undefined }), by);
      }
      model.close();
      graph.close();
    });
  }

  const folder = "mobilenet_v2_1.0_224_coral_tf2ptq";
  const file = asset(`weights/${folder}/tf2_mobilenet_v2_1.0_224_ptq.tflite`);
  const mine = cases.filter((each) => each.folder === folder && each.layer === null);
  const images = mine.map(({ image }) => asset(`images/${image}`) as string);
  it.skipIf(!file || images.some((image) => !image))("of the TFLite file too, whose names of the classes it knows", async () => {
    const graph = await openTflite(file as string, { build: "simd" });
    const [, { preprocessing }] = networks[folder];
    for (const [i, { label, score, grid }] of mine.entries()) {
      const by = await explain(graph, images[i], { preprocessing, label: label === 7 ? 7 : undefined });
      expect([by.label, by.grid.height, by.grid.width]).toEqual([graph.labels?.[label], grid.length, grid[0].length]);
      expect(Math.abs(by.score - score)).toBeLessThan(1e-4);
      grid.flat().forEach((value, at) => expect(Math.abs(value - by.grid.data[at])).toBeLessThan(1e-3));
    }
    graph.close();
    const exact = await openTflite(file as string, { build: "simd", quantized: "exact" });
    await expect(explain(exact, images[0])).rejects.toThrow(/rounds to levels at .*open it with { quantized: "drop" }/);
    exact.close();
  });
});

/** Of one network in two forms: the same map, up to the order of sums. */
function expectSame(found: Explanation, expected: Explanation): void {
  expect([found.label, found.width, found.height, found.grid.width, found.grid.height]).toEqual([
    expected.label,
    expected.width,
    expected.height,
    expected.grid.width,
    expected.grid.height,
  ]);
  expect(Math.abs(found.score - expected.score)).toBeLessThan(1e-5);
  expected.heat.forEach((value, at) => expect(Math.abs(found.heat[at] - value)).toBeLessThan(1e-5));
}

describe("explain of a network that was exported to ONNX is that of the network", () => {
  const image = { data: Uint8Array.from({ length: 260 * 240 * 3 }, (_, i) => (i * 7919) % 251), width: 260, height: 240, channels: 3 as const };
  it.each([
    ["mobilenet_v2", 96],
    ["vit_tiny_patch16_224", 224],
  ])("%s", async (name, side) => {
    const native = await createModel(name, { labels: ["a", "b", "c"], imageSize: side, seed: 2, build: "simd" });
    const bytes = await native.save(undefined, { format: "onnx" });
    const [classifier, graph] = [await loadModel(bytes, { build: "simd" }), await openOnnx(bytes, { build: "simd" })];
    const expected = await explain(native, image, { label: "b" });
    expect(Math.max(...expected.grid.data)).toBe(1);
    expectSame(await explain(classifier, image, { label: "b" }), expected);
    expectSame(await explain(graph, image, { label: "b" }), expected);
    const [{ name: x }] = graph.inputs;
    const data = new Float32Array(3 * side * side);
    const { [graph.outputs[0].name]: scores } = await graph.run({ [x]: { data, shape: [1, 3, side, side] } });
    const logits = await native.forward({ data, shape: [1, side, side, 3] });
    logits.data.forEach((value, i) => expect(Number(scores.data[i])).toBeCloseTo(value, 4)); // that it was explained first took nothing of it
    for (const model of [native, classifier, graph]) model.close();
  });
});

describe("explain of a graph", () => {
  const pixels = { data: Uint8Array.from({ length: 12 * 10 * 3 }, (_, i) => (i * 37) % 256), width: 12, height: 10, channels: 3 as const };
  const file = (sizes: readonly (number | string)[]) =>
    onnxBytes(
      tinyModel(
        [
          node("Conv", ["x", "kernel"], ["map"]),
          node("Relu", ["map"], ["active"]),
          node("ReduceMax", ["active"], ["most"], { axes: [2, 3], keepdims: 0 }),
          node("GlobalAveragePool", ["active"], ["mean"]),
          node("Flatten", ["mean"], ["flat"]),
          node("Softmax", ["flat"], ["classes"]),
          node("Sigmoid", ["most"], ["attributes"]),
        ],
        weights({ kernel: [4, 3, 3, 3] }),
        {
          inputs: [{ name: "x", type: "float32", shape: ["N", 3, ...sizes] }],
          outputs: [
            { name: "classes", type: "float32" },
            { name: "attributes", type: "float32" },
            { name: "active", type: "float32" },
          ],
        },
      ),
    );
  const preprocessing = { resize: null, crop: [8, 6], interpolation: "bilinear", mean: [0], std: [1] } as const;

  it("looks at any output that is scores, in images of any size that preprocessing says", async () => {
    const graph = await openOnnx(file(["H", "W"]), { inline: true, build: "simd" });
    expect(layersToExplain(graph)).toEqual(["map", "active"]);
    const classes = await explain(graph, pixels, { preprocessing, label: 2 });
    expect([classes.label, classes.layer, classes.grid.height, classes.grid.width, classes.heat.length]).toEqual(["2", "active", 6, 4, 120]);
    // All channels count for their own class alone, by their mean: the map is that channel.
    const input = { data: Float32Array.from({ length: 144 }, (_, i) => pixelAt(i) / 255), shape: [1, 3, 8, 6] };
    const { active } = await graph.run({ x: input });
    const channel = [...active.data].slice(48, 72).map(Number);
    classes.grid.data.forEach((value, at) => expect(value).toBeCloseTo(channel[at] / Math.max(...channel), 5));
    expect(await explain(graph, pixels, { preprocessing, label: 2, output: "attributes" })).toMatchObject({ label: "2", layer: "active" });
    expect(await explain(graph, pixels, { preprocessing, label: 2 })).toEqual(classes);
    graph.close();

    /** Of the middle 8 x 6 pixels of 12 x 10 as [3, 8, 6]. */
    function pixelAt(i: number): number {
      const [channel, row, column] = [Math.floor(i / 48), Math.floor((i % 48) / 6), i % 6];
      return pixels.data[((row + 1) * 12 + column + 3) * 3 + channel];
    }
  });

  it("says what it must be told, and what is no class score", async () => {
    const open = await openOnnx(file(["H", "W"]), { inline: true, build: "simd" });
    const fixed = await openOnnx(file([8, 8]), { inline: true, build: "simd" });
    await expect(explain(open, pixels)).rejects.toThrow('does not say how images are prepared; give { preprocessing } as it was trained: "imagenet"');
    await expect(explain(open, pixels, { preprocessing: "0..1" })).rejects.toThrow("takes images of any size; give { preprocessing } in full");
    await expect(explain(fixed, pixels, { preprocessing })).rejects.toThrow("makes images of 6 x 8 pixels for an input of 8 x 8");
    await expect(explain(open, pixels, { preprocessing, output: "scores" })).rejects.toThrow(
      'there is no output "scores", only "classes", "attributes", "active"',
    );
    await expect(explain(open, pixels, { preprocessing, output: "active" })).rejects.toThrow("expected class scores [N, classes], got float32 [1,4,6,4]");
    await expect(explain(open, pixels, { preprocessing, label: "cat" })).rejects.toThrow('there is no class "cat" among the model\'s 4');
    expect((await explain(fixed, pixels, { preprocessing: "0..1" })).grid.width).toBe(6);
    for (const graph of [open, fixed]) graph.close();
    const native = await createModel("small_cnn", { numClasses: 2, inline: true });
    await expect(explain(native, pixels, { output: "logits" })).rejects.toThrow("preprocessing and output are for a GraphModel");
    native.close();
  });
});

describe("explain", () => {
  let model: Model;
  const side = 32;
  const picture = (width: number, height: number) => ({
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919) % 251),
    width,
    height,
    channels: 3 as const,
  });
  beforeAll(async () => {
    model = await createModel("resnet20", {
      labels: ["a", "b", "c"],
      seed: 3,
      inline: true,
      preprocessing: { resize: 40, crop: side, interpolation: "bilinear", mean: [0.5], std: [0.5] },
    });
  });
  afterAll(() => model.close());

  /** Of a class that something speaks for: with made-up weights that is not so of each. */
  async function hot(image: ReturnType<typeof picture>) {
    const all = await Promise.all(model.labels.map((label) => explain(model, image, { label })));
    return all.find(({ grid }) => grid.data.some((value) => value > 0)) as (typeof all)[number];
  }

  it("covers what the network saw of a wide image, and nothing else", async () => {
    const { width, height, heat, grid, layer } = await hot(picture(100, 50));
    expect([width, height, heat.length, layer, grid.width, grid.height]).toEqual([100, 50, 5000, "layer3.2.bn2", 8, 8]);
    // Resized to 80 x 40, of which 32 x 32 are cut out at (24, 4): columns 30 to 69 and rows 5 to 44 of the image.
    const isSeen = (at: number) => at % 100 >= 30 && at % 100 < 70 && at >= 500 && at < 4500;
    heat.forEach((value, at) => {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
      if (!isSeen(at)) expect(value).toBe(0);
    });
    expect(Math.max(...grid.data)).toBe(1);
    expect(heat[5 * 100 + 30]).toBeCloseTo(grid.data[0], 6); // the corner of what was seen
  });

  it("explains the best class where none is named, and any layer", async () => {
    const image = picture(40, 40);
    const [best] = await model.classify(image);
    expect(await explain(model, image)).toMatchObject({ label: best.label, score: expect.closeTo(best.score, 5) });
    const layers = layersToExplain(model);
    expect(layers).toEqual(expect.arrayContaining(["conv1", "layer1.0.conv1", "layer3.2.bn2"]));
    for (const name of [layers[0], "layer2", "layer3.2"]) expect((await explain(model, image, { layer: name })).layer.startsWith(name)).toBe(true);
    expect((await explain(model, image, { layer: "layer1" })).grid.width).toBe(32);
    expect((await explain(model, image, { label: 2 })).label).toBe("c");
  });

  it("says what is not there", async () => {
    const image = picture(40, 40);
    await expect(explain(model, image, { label: "d" })).rejects.toThrow('there is no class "d" among the model\'s 3: a, b, c');
    await expect(explain(model, image, { label: 3 })).rejects.toThrow("there is no class 3");
    await expect(explain(model, image, { layer: "layer9" })).rejects.toThrow('there is no spatial layer "layer9"; the last ones are');
    await expect(explain(model, image, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    const data = ImageList.from(Array.from({ length: 4 }, (_, i) => ({ image: picture(40, 40 + i), label: "ab"[i % 2] })));
    const quantized = await quantize(model, data, { maxLoss: 1 });
    await expect(explain(quantized, image)).rejects.toThrow("a quantised model has no gradients");
    quantized.close();
  });

  it("finds the patches of a transformer, also where only its class token counts", async () => {
    const vit = await createModel("vit_tiny_patch16_224", { numClasses: 2, seed: 1, inline: true });
    const { layer, grid } = await explain(vit, picture(224, 224));
    expect([layer, grid.width, grid.height]).toEqual(["blocks.11.norm1", 14, 14]);
    expect(Math.max(...grid.data)).toBe(1);
    expect((await explain(vit, picture(224, 224), { layer: "blocks.5" })).grid.data.length).toBe(196);
    vit.close();
  });

  it("draws its map over the image: as it was where nothing counts, and coloured where most does", async () => {
    const image = picture(100, 50);
    const explanation = await hot(image);
    const drawn = await overlay(image, explanation);
    expect([drawn.width, drawn.height, drawn.channels, drawn.data.length]).toEqual([100, 50, 4, 20000]);
    expect([...drawn.data.subarray(0, 4)]).toEqual([...image.data.subarray(0, 3), 255]);
    const hottest = explanation.heat.indexOf(Math.max(...explanation.heat));
    expect(drawn.data[4 * hottest]).not.toBe(image.data[3 * hottest]);
    const plain = await overlay(image, explanation, { opacity: 0 });
    expect(plain.data.filter((_, i) => i % 4 !== 3)).toEqual(Uint8ClampedArray.from(image.data));
    await expect(overlay(picture(50, 100), explanation)).rejects.toThrow("expected the image that was explained, 100 x 50 pixels, got 50 x 100");
    await expect(overlay(image, explanation, { opacity: 2 })).rejects.toThrow("from 0 to 1");
  });
});
