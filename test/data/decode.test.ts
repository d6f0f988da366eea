import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Jimp } from "jimp";
import { describe, expect, it } from "vitest";
import { decodeImage } from "../../src/data/decode/decode.js";
import { prepareImages } from "../../src/data/prepare.js";
import { type Orientation, orient } from "../../src/data/decode/orientation.js";
import { probeImage } from "../../src/data/decode/probe.js";
import { Normalize } from "../../src/data/transforms/index.js";
import { asset } from "../assets.js";
import { assemble, exif, height, imageFile, imageFiles, insert, pngChunk, width } from "./image-files.js";

describe("decodeImage", () => {
  it.each(imageFiles)("reads $name as Pillow does", async ({ name, file, rgb }) => {
    const pixels = await decodeImage(file, { name });
    expect(pixels).toMatchObject({ width, height, channels: 3 });
    expect(Buffer.from(pixels.data).equals(rgb)).toBe(true);
  });

  it("reads 50 photographs as Pillow does", { skip: !asset("images/imagenet-sample-images/n01440764_tench.JPEG") }, async () => {
    const { sha256 } = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/image-digests.json"), "utf8"));
    expect(Object.keys(sha256)).toHaveLength(50);
    for (const [name, digest] of Object.entries(sha256)) {
      const path = asset(`images/imagenet-sample-images/${name}`);
      if (!path) throw new Error(`asset images/imagenet-sample-images/${name} is missing`);
      const { data } = await decodeImage(readFileSync(path), { name });
      expect(createHash("sha256").update(data).digest("hex"), name).toBe(digest);
    }
  });

  it.each(["image/png", "image/bmp", "image/tiff", "image/gif"] as const)("reads what jimp writes as %s as jimp does", async (type) => {
    const columns = 37;
    const rows = 23;
    const data = Buffer.alloc(columns * rows * 4);
    for (let i = 0; i < data.length; i++) data[i] = i % 4 === 3 ? 255 : (i * i * 7) >> 3;
    const original = new Uint8Array(data.filter((_, i) => i % 4 < 3));
    const file = await new Jimp({ data, width: columns, height: rows }).getBuffer(type);
    const read = (await Jimp.fromBuffer(file)).bitmap.data.filter((_, i) => i % 4 < 3);
    const pixels = await decodeImage(file);
    expect(pixels).toMatchObject({ width: columns, height: rows });
    expect(pixels.data).toEqual(new Uint8Array(read));
    // GIF keeps 256 colours only.
    if (type !== "image/gif") expect(pixels.data).toEqual(original);
  });

  it("reads every kind in worker threads, to which decoders come when they are needed, as here", async () => {
    const pipeline = [Normalize([0, 0, 0], [1, 1, 1])];
    const files = imageFiles.map(({ file }) => file);
    const [there, here] = await Promise.all([false, true].map((inline) => prepareImages(files, { pipeline, channels: 3, inline })));
    expect(there).toHaveLength(imageFiles.length);
    expect(there).toEqual(here);
  });

  it("takes the upper byte of 16-bit grey", async () => {
    const header = assemble(false, [[2]], [[1]], 16, 0, 0, 0, 0);
    const data = assemble(false, 0x78, 0x01, 0x01, new Uint8Array([5, 0, 250, 255]), new Uint8Array([0, 0x12, 0xff, 0xfe, 0x01]), [[0]]);
    const file = assemble(false, "\x89PNG\r\n\x1a\n", pngChunk("IHDR", header), pngChunk("IDAT", data), pngChunk("IEND", new Uint8Array()));
    expect((await decodeImage(file)).data).toEqual(new Uint8Array([0x12, 0x12, 0x12, 0xfe, 0xfe, 0xfe]));
  });

  it("reads palettes of 4 bits and run lengths of 4 bits in BMP", async () => {
    const palette = assemble(true, ...Array.from({ length: 16 }, (_, i) => [[(i * 16) | (i << 16)]] as const));
    const bmp = (compression: number, data: Uint8Array) =>
      assemble(true, "BM", [[0]], [[0]], [[118]], [[40]], [[5]], [[2]], [1], [4], [[compression]], [[0]], [[0]], [[0]], [[16]], [[0]], palette, data);
    const plain = bmp(0, new Uint8Array([0x12, 0x34, 0x50, 0, 0x67, 0x89, 0xa0, 0]));
    // Five pixels in alternation; end of row; five in full, padded to an even number of bytes; end of picture.
    const runs = bmp(2, new Uint8Array([5, 0x12, 0, 0, 0, 5, 0x67, 0x89, 0xa0, 0, 0, 1]));
    const colours = (indices: number[]) => new Uint8Array(indices.flatMap((i) => [i, 0, i * 16]));
    expect((await decodeImage(plain)).data).toEqual(colours([6, 7, 8, 9, 10, 1, 2, 3, 4, 5]));
    expect((await decodeImage(runs)).data).toEqual(colours([6, 7, 8, 9, 10, 1, 2, 1, 2, 1]));
  });

  it("drops alpha and does not composite", async () => {
    const opaque = await decodeImage(imageFile("rgb.png").file);
    const transparent = await decodeImage(imageFile("rgba.png").file);
    expect(transparent.data).toEqual(opaque.data);
  });
});

describe("EXIF orientation", () => {
  /** Where the stored pixel in column x of row y belongs, from the tag's definition: the corner of the scene that row 0 and column 0 show. */
  const places: Record<Orientation, (x: number, y: number, w: number, h: number) => [x: number, y: number]> = {
    1: (x, y) => [x, y],
    2: (x, y, w) => [w - 1 - x, y],
    3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
    4: (x, y, _, h) => [x, h - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y, _, h) => [h - 1 - y, x],
    7: (x, y, w, h) => [h - 1 - y, w - 1 - x],
    8: (x, y, w) => [y, w - 1 - x],
  };
  const orientations = Object.keys(places).map(Number) as Orientation[];

  it.each(orientations)("%i moves every pixel to its place", async (orientation) => {
    const stored = await decodeImage(imageFile("rgb.png").file);
    const turned = orient(stored, orientation);
    const swaps = orientation > 4;
    expect(turned).toMatchObject({ width: swaps ? height : width, height: swaps ? width : height });
    const expected = new Uint8Array(stored.data.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [toX, toY] = places[orientation](x, y, width, height);
        const at = (y * width + x) * 3;
        expected.set(stored.data.subarray(at, at + 3), (toY * turned.width + toX) * 3);
      }
    }
    expect(turned.data).toEqual(expected);
  });

  const app1 = (body: Uint8Array) => assemble(false, 0xff, 0xe1, [body.length + 8], "Exif\0\0", body);
  const webp = (body: Uint8Array) => {
    const { file } = imageFile("lossless.webp");
    const picture = file.subarray(12);
    const header = assemble(true, "VP8X", [[10]], [[8]], width - 1, [0], height - 1, [0]);
    return assemble(true, "RIFF", [[4 + header.length + picture.length + 8 + body.length]], "WEBP", header, picture, "EXIF", [[body.length]], body);
  };
  const tiff = (orientation: number) => {
    const tags = [
      [256, 4],
      [257, 2],
      [258, 8],
      [259, 1],
      [262, 1],
      [273, 8],
      [274, orientation],
      [278, 2],
      [279, 8],
    ];
    return assemble(
      true,
      "II",
      [42],
      [[16]],
      new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
      [tags.length],
      ...tags.flatMap(([tag, value]) => [[tag], [3], [[1]], [value], [0]] as const),
      [[0]],
    );
  };

  it.each(orientations)("%i is found in JPEG, PNG, WebP and TIFF", async (orientation) => {
    const jpeg = imageFile("444.jpg").file;
    const files = {
      "little-endian JPEG": insert(jpeg, 2, app1(exif(orientation, true))),
      "big-endian JPEG": insert(jpeg, 2, app1(exif(orientation, false))),
      PNG: insert(imageFile("rgb.png").file, 33, pngChunk("eXIf", exif(orientation, false))),
      WebP: webp(exif(orientation)),
      "WebP with a prefix": webp(assemble(true, "Exif\0\0", exif(orientation))),
      TIFF: tiff(orientation),
    };
    for (const [name, file] of Object.entries(files)) expect(probeImage(file, name).orientation, name).toBe(orientation);

    const upright = await decodeImage(jpeg);
    expect(await decodeImage(files["big-endian JPEG"])).toEqual(orient(upright, orientation));
    const lossless = await decodeImage(imageFile("lossless.webp").file);
    expect(await decodeImage(files.WebP)).toEqual(orient(lossless, orientation));
    const grey = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8].flatMap((value) => [value, value, value]));
    expect(await decodeImage(files.TIFF)).toEqual(orient({ data: grey, width: 4, height: 2, channels: 3 }, orientation));
  });

  it("ignores a damaged EXIF block", async () => {
    for (const body of [exif(9), exif(6).subarray(0, 13), new Uint8Array(2), assemble(true, "II", [42], [[0xffffffff]])]) {
      const file = insert(imageFile("444.jpg").file, 2, app1(body));
      expect(probeImage(file).orientation).toBe(1);
      expect((await decodeImage(file)).width).toBe(width);
    }
  });
});
