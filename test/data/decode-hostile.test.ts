import { deflateSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { FormatError, LimitError } from "../../src/core/errors.js";
import { limits } from "../../src/core/limits.js";
import { Random } from "../../src/core/random.js";
import { decodeImage } from "../../src/data/decode/decode.js";
import { probeImage } from "../../src/data/decode/probe.js";
import { assemble, height, imageFile, imageFiles, insert, type Part, pngChunk, width } from "./image-files.js";

const defaults = { ...limits };
afterEach(() => {
  Object.assign(limits, defaults);
});

/** Pixels or the message of a FormatError or LimitError; any other error is thrown on. */
async function outcome(file: Uint8Array, name: string): Promise<Uint8Array | string> {
  try {
    const { data, width, height } = await decodeImage(file, { name });
    expect(data.length).toBe(width * height * 3);
    return data;
  } catch (error) {
    if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
    expect(error.message).toContain(`(${name})`);
    return error.message;
  }
}

describe("files that are not what they claim", () => {
  it.each([
    ["an empty file", new Uint8Array(), "image: file is empty (cat.jpg)"],
    ["text", Buffer.from("hello, world"), /^image: expected JPEG, PNG, WebP, GIF, BMP or TIFF, found a file that begins with 68 65 6c 6c .* \(cat\.jpg\)$/],
    ["one byte", new Uint8Array([0xff]), /begins with ff \(cat\.jpg\)$/],
    ["AVIF", Buffer.from("\0\0\0\x20ftypavif"), "image: AVIF or HEIC is not supported; expected JPEG, PNG, WebP, GIF, BMP or TIFF (cat.jpg)"],
    ["a JPEG cut in its frame header", imageFile("444.jpg").file.subarray(0, 163), "jpeg: file ends at byte 163, inside segment SOF0 (cat.jpg)"],
    ["a JPEG cut in its scan", imageFile("444.jpg").file.subarray(0, -20), /^jpeg: file ends at byte \d+, inside scan 1 \(cat\.jpg\)$/],
    ["a PNG cut in its data", imageFile("rgb.png").file.subarray(0, 100), "png: file ends at byte 100, inside chunk IDAT (cat.jpg)"],
    ["a GIF cut in its data", imageFile("rgb.gif").file.subarray(0, -40), /^gif: file ends at byte \d+, inside the picture data \(cat\.jpg\)$/],
    ["a BMP cut in its data", imageFile("rgb.bmp").file.subarray(0, -40), /^bmp: file ends at byte \d+, inside the picture data \(cat\.jpg\)$/],
    ["a TIFF cut in its strip", imageFile("strips.tif").file.subarray(0, 20), /^tiff: file ends at byte 20, inside the first directory \(cat\.jpg\)$/],
    ["a WebP cut in its data", imageFile("lossy.webp").file.subarray(0, 60), "webp: file ends at byte 60, inside the RIFF container (cat.jpg)"],
  ])("%s", async (_, file, message) => {
    const error = await decodeImage(file, { name: "cat.jpg" }).catch((caught) => caught);
    expect(error).toBeInstanceOf(FormatError);
    if (typeof message === "string") expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
  });

  it.each(imageFiles)("$name cut anywhere: an error, or all of the picture", async ({ name, file, rgb }) => {
    for (let length = 0; length < file.length; length += length < 200 ? 1 : 5) {
      const found = await outcome(file.slice(0, length), name);
      if (typeof found !== "string") expect(Buffer.from(found).equals(rgb), `${length} of ${file.length} bytes`).toBe(true);
    }
    expect(await outcome(file.slice(0, file.length / 2), name)).toBeTypeOf("string");
  });

  it.each(imageFiles)("$name with random damage", async ({ name, file }) => {
    const random = new Random(0, file.length);
    for (let trial = 0; trial < 40; trial++) {
      const damaged = file.slice();
      for (let flips = 1 + (trial % 4); flips > 0; flips--) damaged[random.integer(file.length)] = random.integer(256);
      limits.imagePixels = 100_000;
      await outcome(damaged, name);
    }
  });

  it("a damaged PNG chunk is named", async () => {
    const file = imageFile("rgb.png").file.slice();
    file[60] ^= 1;
    expect(await outcome(file, "x.png")).toBe("png: chunk IDAT at byte 33 is damaged: its checksum differs (x.png)");
  });

  it("a decoder that gave up on an image reads the next one", async () => {
    const { file, rgb } = imageFile("420.jpg");
    const broken = file.slice();
    const tables = broken.findIndex((byte, at) => byte === 0xff && broken[at + 1] === 0xc4);
    broken.fill(0xff, tables + 5, tables + 15);
    expect(await outcome(broken, "broken.jpg")).toBe("jpeg: the decoder gives up: the data is damaged (broken.jpg)");
    expect(Buffer.from((await decodeImage(file)).data).equals(rgb)).toBe(true);
  });

  it.each([
    [0xc3, "lossless"],
    [0xc9, "arithmetic coding"],
    [0xc5, "hierarchical"],
  ])("JPEG process SOF %i is named", async (code, reason) => {
    const file = imageFile("444.jpg").file.slice();
    file[file.findIndex((byte, at) => byte === 0xff && file[at + 1] === 0xc0) + 1] = code;
    expect(await outcome(file, "x.jpg")).toBe(`jpeg: SOF${code & 15} (${reason}) is not supported; expected SOF0, SOF1 or SOF2 (x.jpg)`);
  });
});

describe("files that are too large", () => {
  const side = 60_000;
  const huge: Record<string, Uint8Array> = {
    png: assemble(
      false,
      "\x89PNG\r\n\x1a\n",
      pngChunk("IHDR", assemble(false, [[side]], [[side]], 8, 2, 0, 0, 0)),
      pngChunk("IDAT", deflateSync(new Uint8Array(1000))),
      pngChunk("IEND", new Uint8Array()),
    ),
    jpeg: assemble(false, 0xff, 0xd8, 0xff, 0xc0, [17], 8, [side], [side], 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 0xff, 0xda, [2], 0xff, 0xd9),
    gif: assemble(true, "GIF89a", [side], [side], 0, 0, 0, 0x3b),
    bmp: assemble(true, "BM", [[0]], [[0]], [[54]], [[40]], [[side]], [[side]], [1], [24], ...Array.from({ length: 6 }, (): Part => [[0]])),
    tiff: assemble(true, "II", [42], [[8]], [2], [256], [4], [[1]], [[side]], [257], [4], [[1]], [[side]], [[0]]),
    webp: assemble(true, "RIFF", [[24]], "WEBP", "VP8L", [[5]], 0x2f, [[16382 | (16382 << 14)]], 0, [0], [[0]]),
  };

  it.each(Object.entries(huge))("%s: the header is refused before anything is decoded", async (format, file) => {
    const sides = format === "webp" ? "16383 x 16383" : "60000 x 60000";
    const message = `${format}: ${sides} pixels are more than limits.imagePixels, 100000000 (huge)`;
    expect(() => probeImage(file, "huge")).toThrow(new LimitError(message));
    await expect(decodeImage(file, { name: "huge" })).rejects.toThrow(message);
  });

  it("the limits can be set", async () => {
    const { file } = imageFile("rgb.png");
    limits.imagePixels = width * height - 1;
    await expect(decodeImage(file)).rejects.toThrow(LimitError);
    Object.assign(limits, defaults, { imageBytes: file.length - 1 });
    await expect(decodeImage(file, { name: "x.png" })).rejects.toThrow(
      `image: ${file.length} bytes are more than limits.imageBytes, ${file.length - 1} (x.png)`,
    );
  });

  it("what a stream unpacks to beyond the picture is not unpacked", async () => {
    const bomb = deflateSync(new Uint8Array(2 ** 27), { level: 1 });
    const header = pngChunk("IHDR", assemble(false, [[1]], [[1]], 8, 0, 0, 0, 0));
    const file = assemble(false, "\x89PNG\r\n\x1a\n", header, pngChunk("IDAT", bomb), pngChunk("IEND", new Uint8Array()));
    const before = process.memoryUsage().arrayBuffers;
    expect((await decodeImage(file)).data).toEqual(new Uint8Array(3));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
  });

  it("a frame larger than its canvas is refused", async () => {
    const gif = imageFile("rgb.gif").file.slice();
    gif.set([4, 0, 4, 0], 6);
    expect(await outcome(gif, "x.gif")).toBe(`gif: the first frame, ${width} x ${height} at 0, 0, reaches beyond the screen of 4 x 4 (x.gif)`);
    const webp = imageFile("animated.webp").file.slice();
    webp.set([3, 0, 0, 3, 0, 0], 24);
    expect(await outcome(webp, "x.webp")).toBe(`webp: the first frame, ${width} x ${height} at 0, 0, reaches beyond the canvas of 4 x 4 (x.webp)`);
  });

  it("tiles far larger than the picture are refused", async () => {
    const tags = [
      [256, 1],
      [257, 1],
      [258, 8],
      [259, 1],
      [262, 1],
      [322, 60_000],
      [323, 60_000],
      [324, 0],
      [325, 1],
    ];
    const file = assemble(true, "II", [42], [[8]], [tags.length], ...tags.flatMap(([tag, value]): Part[] => [[tag], [4], [[1]], [[value]]]), [[0]]);
    expect(await outcome(file, "x.tif")).toBe("tiff: 60000 x 60000 pixels are more than limits.imagePixels, 100000000 (x.tif)");
  });

  it("more than 500 scans of a JPEG are refused", async () => {
    const { file } = imageFile("progressive.jpg");
    const end = file.length - 2;
    const scan = assemble(false, 0xff, 0xda, [8], 1, 1, 0, 0, 63, 0);
    expect(await outcome(insert(file, end, Buffer.concat(Array.from({ length: 501 }, () => scan))), "x.jpg")).toBe("jpeg: more than 500 scans (x.jpg)");
  });
});
