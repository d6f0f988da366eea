import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Jimp } from "jimp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createModel, ImageList, loadModel, type Model, openSafetensors } from "../../src/index.js";
import { memory } from "../../src/storage/index.js";
import { writeSafetensors } from "../../src/formats/safetensors/index.js";
import { EmbeddingIndex, type IndexItem } from "../../src/vision/index.js";
import { asset } from "../assets.js";

/** Numbers from -1 to 1 that follow from a seed, of 7 bits so that equal cosines occur. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return ((state >>> 20) % 128) / 64 - 1;
  });
}

function indexOf(rows: readonly Float32Array[]): EmbeddingIndex {
  const index = new EmbeddingIndex();
  rows.forEach((row, i) => index.add(`image ${i}`, row));
  return index;
}

/** Straight from the formula, in float64. */
function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (p: Float32Array, q: Float32Array) => p.reduce((sum, value, i) => sum + value * q[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const side = 28;
const picture = (seed: number) => ({
  data: Uint8Array.from(numbers(side * side, seed), (value) => 100 * (value + 1)),
  width: side,
  height: side,
  channels: 1 as const,
});
const items: IndexItem[] = Array.from({ length: 40 }, (_, i) => ({ id: `${i}`, image: picture(i + 1), version: "1" }));

let model: Model;
beforeAll(async () => {
  model = await createModel("small_cnn", { numClasses: 3, seed: 1, inline: true });
});
afterAll(() => model.close());

describe("search", () => {
  it.each([3, 8, 37, 256])("finds the neighbours that float64 finds, of %i numbers", async (size) => {
    const rows = Array.from({ length: 300 }, (_, i) => numbers(size, i + 1));
    const index = indexOf(rows);
    for (const query of [numbers(size, 1000), rows[17], rows[299]]) {
      const expected = rows.map((row, i) => ({ id: `image ${i}`, similarity: cosine(query, row) })).sort((a, b) => b.similarity - a.similarity);
      const found = await index.search(query, { k: 300 });
      found.forEach(({ similarity }, i) => expect(similarity).toBeCloseTo(expected[i].similarity, 13));
      for (const [i, { id }] of found.entries()) expect(cosine(query, rows[Number(id.slice(6))])).toBeCloseTo(expected[i].similarity, 13);
      expect(await index.search(query, { k: 7 })).toEqual(found.slice(0, 7));
      expect(await index.search(query, { k: 300, least: 0.2 })).toEqual(found.filter(({ similarity }) => similarity >= 0.2));
    }
  });

  it("gives equal ones in the order of adding, and leaves out the image that others are to be like", async () => {
    const [row, other] = [numbers(16, 5), numbers(16, 6)];
    const index = indexOf([other, row, row.map((value) => 2 * value), row]);
    expect((await index.search(row, { k: 3 })).map(({ id }) => id)).toEqual(["image 1", "image 2", "image 3"]);
    expect(await index.search({ id: "image 2" }, { k: 2 })).toEqual([
      { id: "image 1", similarity: expect.closeTo(1, 15) },
      { id: "image 3", similarity: expect.closeTo(1, 15) },
    ]);
    index.add("image 1", other);
    expect((await index.search(other, { k: 2 })).map(({ id }) => id)).toEqual(["image 0", "image 1"]);
    expect([index.remove("image 0"), index.remove("image 0"), index.size]).toEqual([true, false, 3]);
    expect((await index.search(other, { k: 1 }))[0].id).toBe("image 1");
  });

  it("takes an embedding of zeros for like nothing, and refuses what is none", async () => {
    const index = indexOf([new Float32Array(4), Float32Array.of(1, 0, 0, 0)]);
    expect(await index.search(Float32Array.of(1, 1, 0, 0), { k: 9 })).toEqual([
      { id: "image 1", similarity: expect.closeTo(Math.SQRT1_2, 15) },
      { id: "image 0", similarity: 0 },
    ]);
    expect(() => index.add("x", Float32Array.of(1, 2))).toThrow("expected 4 numbers as the others have, got 2");
    expect(() => index.add("x", Float32Array.of(1, 2, Number.NaN, 0))).toThrow("expected finite numbers");
    await expect(index.search(Float32Array.of(1))).rejects.toThrow("expected 4 numbers");
    await expect(index.search(Float32Array.of(1, 0, 0, 0), { k: 0 })).rejects.toThrow("k expected a whole number");
    await expect(index.search({ id: "y" })).rejects.toThrow('there is no image "y" among the 2');
    expect(await new EmbeddingIndex().search(Float32Array.of(1))).toEqual([]);
  });
});

describe("duplicates", () => {
  it.each([0.3, 0.6, 0.9])("finds the groups that all pairs of cosine %f make", async (threshold) => {
    // Some directions, each with many vectors around it.
    const rows = Array.from({ length: 120 }, (_, i) => {
      const [center, noise] = [numbers(24, (i % 30) + 1), numbers(24, 500 + i)];
      return center.map((value, k) => value + ((i % 5) / 4) * noise[k]);
    });
    const sets = rows.map((_, i) => new Set([i]));
    for (let i = 0; i < rows.length; i++) {
      for (let j = 0; j < i; j++) {
        if (cosine(rows[i], rows[j]) < threshold || sets[i] === sets[j]) continue;
        const all = new Set([...sets[i], ...sets[j]]);
        for (const member of all) sets[member] = all;
      }
    }
    const expected = [...new Set(sets)].filter(({ size }) => size > 1).map((set) => [...set].sort((a, b) => a - b).map((i) => `image ${i}`));
    const found = await indexOf(rows).duplicates({ threshold });
    expect(found.map(({ ids }) => ids)).toEqual(expected);
    expect(found.length).toBeGreaterThan(0);
    for (const { similarity } of found) expect(similarity).toBeGreaterThanOrEqual(threshold);
  });

  it("asks for a cosine, and stops when it is aborted", async () => {
    const index = indexOf([numbers(4, 1), numbers(4, 2)]);
    await expect(index.duplicates({ threshold: 0 })).rejects.toThrow("above 0 and up to 1, got 0");
    await expect(index.duplicates({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });

  const weights = asset("weights/mobilenet_v2_1.0_224_coral_tf2ptq/model.safetensors");
  const photos = asset("images/imagenet-sample-images");
  it.skipIf(!weights || !photos)("are real photos that were made smaller, compressed again or made brighter, and not other photos", async () => {
    const network = await createModel("mobilenet_v2", { pretrained: weights, options: { padding: "same" }, preprocessing: "-1..1", numClasses: 1001 });
    const files = readdirSync(photos as string)
      .sort()
      .slice(0, 10);
    const made: IndexItem[] = [];
    for (const file of files) {
      const bytes = readFileSync(join(photos as string, file));
      const jpeg = async (quality: number, { scale = 1, brightness = 1 } = {}) => {
        const image = await Jimp.read(bytes);
        return new Uint8Array(await image.scale(scale).brightness(brightness).getBuffer("image/jpeg", { quality }));
      };
      made.push({ id: file, image: new Uint8Array(bytes) });
      made.push({ id: `${file} small`, image: await jpeg(90, { scale: 0.8 }) });
      made.push({ id: `${file} again`, image: await jpeg(50) });
      made.push({ id: `${file} bright`, image: await jpeg(90, { brightness: 1.1 }) });
    }
    const groups = await (await EmbeddingIndex.build(network, made)).duplicates();
    expect(groups.map(({ ids }) => ids)).toEqual(files.map((file) => [file, `${file} small`, `${file} again`, `${file} bright`]));
    network.close();
  });
});

describe("an index of a model's images", () => {
  it("finds the image that is asked for, by itself and by another file of it", async () => {
    const index = await EmbeddingIndex.build(model, items);
    expect([index.size, index.dimensions, index.ids]).toEqual([40, (await model.embed(picture(1))).length, items.map(({ id }) => id)]);
    const [best, ...others] = await index.searchImage(model, picture(8), { k: 3 });
    expect(best).toEqual({ id: "7", similarity: expect.closeTo(1, 6) });
    expect(others[0].similarity).toBeLessThan(1 - 1e-6);
    expect(index.embedding("7")).toEqual(await model.embed(picture(8)));
  });

  it("is the same from a file, and goes on from there", async () => {
    const index = await EmbeddingIndex.build(model, items.slice(0, 20));
    const store = memory();
    await index.save({ store, name: "index.safetensors" });
    const file = await openSafetensors({ store, name: "index.safetensors" });
    expect(file.tensors.get("embeddings")?.shape).toEqual([20, index.dimensions]);
    const loaded = await EmbeddingIndex.load({ store, name: "index.safetensors" });
    expect(loaded.ids).toEqual(index.ids);
    expect(await loaded.search({ id: "3" })).toEqual(await index.search({ id: "3" }));
    expect(await loaded.addImages(model, items)).toBe(20);
    expect(await loaded.addImages(model, items)).toBe(0);
    expect(await loaded.addImages(model, [{ ...items[0], version: "2" }, items[1]])).toBe(1);
    expect([loaded.has("0", "1"), loaded.has("0", "2"), loaded.has("0"), loaded.has("40")]).toEqual([false, true, true, false]);
    expect((await EmbeddingIndex.load(await new EmbeddingIndex().save())).size).toBe(0);
  });

  it("takes a data set", async () => {
    const data = ImageList.from(items.map(({ id, image }, i) => ({ id, image, label: "ab"[i % 2] })));
    expect((await EmbeddingIndex.build(model, data)).ids).toEqual(items.map(({ id }) => id));
  });

  it("is refused to another model, and to the same one after it learnt", async () => {
    const index = await EmbeddingIndex.build(model, items.slice(0, 2));
    const other = await createModel("small_cnn", { numClasses: 3, seed: 2, inline: true });
    for (const call of [index.searchImage(other, picture(1)), index.addImages(other, items)]) await expect(call).rejects.toThrow("made by another model");
    const half = await loadModel(await model.save(undefined, { dtype: "float16" }), { inline: true });
    expect((await index.searchImage(half, picture(1)))[0]).toEqual({ id: "0", similarity: expect.closeTo(1, 5) });
    for (const each of [other, half]) each.close();
  });

  it("leaves out images that cannot be read, where it may", async () => {
    const broken = (id: string): IndexItem => ({ id, image: Uint8Array.of(1, 2, 3) });
    const mixed = [broken("first"), ...items.slice(0, 35), broken("middle"), broken("next"), ...items.slice(35), broken("last")];
    const bad: string[] = [];
    const index = await EmbeddingIndex.build(model, mixed, { badImages: "skip", onBadImage: ({ id }) => bad.push(id) });
    expect(bad).toEqual(["first", "middle", "next", "last"]);
    expect(index.ids).toEqual(items.map(({ id }) => id));
    expect(await index.search({ id: "39" }, { k: 5 })).toEqual(await (await EmbeddingIndex.build(model, items)).search({ id: "39" }, { k: 5 }));
    await expect(EmbeddingIndex.build(model, mixed)).rejects.toThrow("first");
  });

  it.each([
    ["no list of names", [], {}, 'no metadata "ocelli.entries"'],
    ["names that are no JSON", [], { "ocelli.entries": "[" }, "is not JSON"],
    ["names of another form", [], { "ocelli.entries": "[[1]]" }, "expects a list"],
    ["a name twice", [[2, 2]], { "ocelli.entries": '[["a"],["a"]]' }, "occurs twice"],
    ["too few embeddings", [[1, 2]], { "ocelli.entries": '[["a"],["b"]]' }, "expected embeddings [2, D], got [1,2]"],
    ["embeddings of nothing", [[1, 0]], { "ocelli.entries": '[["a"]]' }, "expected embeddings"],
    ["a probe of another size", [[1, 2], [3]], { "ocelli.entries": '[["a"]]' }, "expected probe [2], got [3]"],
    ["what is no number", [[1, 2], [Number.NaN]], { "ocelli.entries": '[["a"]]' }, "expected finite numbers"],
  ])("is no file with %s", async (_, shapes, metadata, message) => {
    const tensors = shapes.map((shape, i) => {
      const isNan = Number.isNaN(shape[0]);
      const real = isNan ? [2] : shape;
      const size = real.reduce((a, b) => a * b, 1);
      return { name: i === 0 ? "embeddings" : "probe", dtype: "F32" as const, shape: real, data: new Float32Array(size).fill(isNan ? Number.NaN : 1) };
    });
    await expect(EmbeddingIndex.load(await writeSafetensors(tensors, metadata as Record<string, string>))).rejects.toMatchObject({
      code: "ERR_FORMAT",
      message: expect.stringContaining(message),
    });
  });
});
