import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CreateOptions, createModel, ImageList, type Model, quantize } from "../../src/index.js";
import { explain, layersToExplain, overlay } from "../../src/vision/index.js";
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
    const weights = asset(`weights/${folder}/model.safetensors`);
    const mine = cases.filter((each) => each.folder === folder);
    const images = mine.map(({ image }) => asset(`images/${image}`) as string);
    it.skipIf(!weights || images.some((image) => !image))(name, async () => {
      const model = await createModel(name, { pretrained: weights, build: "simd", ...options });
      for (const [i, { label, layer, score, grid, diagonal }] of mine.entries()) {
        const by = await explain(model, images[i], { label: label === 7 ? 7 : undefined, layer: layer ?? undefined });
        expect([by.label, by.grid.height, by.grid.width]).toEqual([String(label), grid.length, grid[0].length]);
        expect(Math.abs(by.score - score)).toBeLessThan(1e-4);
        const worst = Math.max(...grid.flat().map((value, at) => Math.abs(value - by.grid.data[at])));
        console.log(`${name} ${layer ?? ""} class ${label}: max|a - b| = ${worst.toExponential(1)}`);
        expect(worst).toBeLessThan(1e-3);
        diagonal?.forEach((value, k) => expect(Math.abs(by.heat[32 * k + ((3 * k) % 32)] - value)).toBeLessThan(1e-3));
      }
      model.close();
    });
  }
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
