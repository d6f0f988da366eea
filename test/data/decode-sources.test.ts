import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { ArgumentError, DataError, FormatError, LimitError } from "../../src/core/errors.js";
import { limits } from "../../src/core/limits.js";
import { type ImageSource, postable, toPixels } from "../../src/data/image.js";
import { height, imageFile, width } from "./image-files.js";

const { file, rgb } = imageFile("420.jpg");
const folder = mkdtempSync(join(tmpdir(), "ocelli-image-"));
const path = join(folder, "not really.png");
writeFileSync(path, file);
writeFileSync(join(folder, "empty.jpg"), "");
writeFileSync(join(folder, "in a row"), Buffer.concat([new Uint8Array(100), file, new Uint8Array(100)]));

const server = createServer((request, response) => {
  if (request.url !== "/cat.jpg") response.writeHead(404);
  response.end(request.url === "/cat.jpg" ? file : "");
});
let site = "";
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe("toPixels", () => {
  const sources: Record<string, () => ImageSource> = {
    "a path, whatever its extension": () => path,
    "a file: URL": () => pathToFileURL(path),
    "a file: URL as text": () => pathToFileURL(path).href,
    "an http: URL": () => `${site}/cat.jpg`,
    "a URL": () => new URL(`${site}/cat.jpg`),
    "a data: URL": () => `data:image/jpeg;base64,${Buffer.from(file).toString("base64")}`,
    "a Blob": () => new Blob([file.slice()]),
    "a File": () => new File([file.slice()], "cat.jpg"),
    "an ArrayBuffer": () => file.slice().buffer,
    "a Uint8Array": () => file,
    "a part of a larger buffer": () => Buffer.concat([new Uint8Array(7), file, new Uint8Array(9)]).subarray(7, 7 + file.length),
    "a part of a file": () => ({ path: join(folder, "in a row"), offset: 100, length: file.length }),
  };

  it.each(Object.entries(sources))("takes %s, here and posted to a worker", async (_, source) => {
    for (const image of [source(), structuredClone(await postable(source()))]) {
      const pixels = await toPixels(image);
      expect(pixels).toMatchObject({ width, height, channels: 3 });
      expect(Buffer.from(pixels.data).equals(rgb)).toBe(true);
    }
  });

  it.each([1, 3, 4] as const)("takes raw pixels of %i channels", async (channels) => {
    const raw = { data: Uint8Array.from({ length: 6 * channels }, (_, i) => i), width: 3, height: 2, channels };
    expect(await toPixels(raw)).toEqual(raw);
    expect(await toPixels({ ...raw, data: new Uint8ClampedArray(raw.data) })).toEqual(raw);
    expect(await postable(raw)).toEqual(raw);
  });

  it("posts pixels without the rest of the buffer that they are a view of", async () => {
    const dataset = new Uint8Array(1000).fill(7);
    const { data } = (await postable({ data: dataset.subarray(100, 124), width: 3, height: 2, channels: 4 })) as { data: Uint8Array };
    expect(data.buffer.byteLength).toBe(24);
    expect([...data]).toEqual(new Array(24).fill(7));
  });

  it("takes pixels without channels, as ImageData has them, for RGBA", async () => {
    expect(await toPixels({ data: new Uint8ClampedArray(24), width: 3, height: 2 })).toEqual({ data: new Uint8Array(24), width: 3, height: 2, channels: 4 });
  });

  it.each([
    [
      { data: new Uint8Array(17), width: 3, height: 2, channels: 3 },
      "pixels: expected width x height x channels (1, 3 or 4) bytes, got 17 for 3 x 2 x 3 (cat)",
    ],
    [
      { data: new Uint8Array(12), width: 3, height: 2, channels: 2 },
      "pixels: expected width x height x channels (1, 3 or 4) bytes, got 12 for 3 x 2 x 2 (cat)",
    ],
    [{ data: new Uint8Array(0), width: 0, height: 2, channels: 3 }, "pixels: expected width x height x channels (1, 3 or 4) bytes, got 0 for 0 x 2 x 3 (cat)"],
    [{ data: new Float32Array(18), width: 3, height: 2, channels: 3 }, "pixels: data expects a Uint8Array or Uint8ClampedArray (cat)"],
    [42, /^image: expected .*, got a number \(cat\)$/],
    [null, /^image: expected .*, got null \(cat\)$/],
    [{ src: "cat.jpg" }, /^image: expected .*, got an Object \(cat\)$/],
  ])("refuses %o", async (source, message) => {
    const error = await toPixels(source as ImageSource, { name: "cat" }).catch((caught) => caught);
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toMatch(message);
  });

  it("names what cannot be read", async () => {
    const missing = join(folder, "missing.jpg");
    await expect(toPixels(missing)).rejects.toThrow(new DataError(`cannot open ${missing}: there is no such file or folder`));
    await expect(toPixels(folder)).rejects.toThrow(DataError);
    await expect(toPixels(`${site}/dog.jpg`)).rejects.toThrow(`cannot fetch ${site}/dog.jpg: status 404`);
    await expect(toPixels(join(folder, "empty.jpg"))).rejects.toThrow(new FormatError(`image: file is empty (${join(folder, "empty.jpg")})`));
    await expect(toPixels(new File(["no"], "dog.gif"))).rejects.toThrow(/^image: expected .* begins with 6e 6f \(dog\.gif\)$/);
    await expect(toPixels(new Blob(["no"]))).rejects.toThrow(/\(image\)$/);
    await expect(toPixels("data:image/jpeg,no")).rejects.toThrow(/\(data: URL\)$/);
  });

  it("refuses large files before it reads them, and large pixels", async () => {
    const { imageBytes, imagePixels } = limits;
    Object.assign(limits, { imageBytes: file.length - 1, imagePixels: 5 });
    try {
      await expect(toPixels(path)).rejects.toThrow(LimitError);
      await expect(toPixels({ data: new Uint8Array(6), width: 3, height: 2, channels: 1 })).rejects.toThrow(
        "pixels: 3 x 2 are more than limits.imagePixels, 5 (image)",
      );
    } finally {
      Object.assign(limits, { imageBytes, imagePixels });
    }
  });
});

describe("what a page shows", () => {
  afterEach(() => vi.unstubAllGlobals());

  /** A canvas that remembers its size and what was drawn, and gives pixels of that picture's value. */
  class Canvas {
    constructor(
      readonly width: number,
      readonly height: number,
    ) {}
    getContext() {
      let value = 0;
      return {
        drawImage: (picture: { value: number }) => {
          value = picture.value;
        },
        getImageData: (_x: number, _y: number, width: number, height: number) => {
          if (value > 255) throw new Error("the canvas has been tainted by cross-origin data");
          return { data: new Uint8ClampedArray(width * height * 4).fill(value) };
        },
      };
    }
  }

  it.each([
    ["an ImageBitmap or canvas", { width: 3, height: 2, value: 7 }],
    ["an img in its natural size", { width: 300, height: 200, naturalWidth: 3, naturalHeight: 2, value: 7 }],
    ["a video's frame", { width: 300, height: 200, videoWidth: 3, videoHeight: 2, value: 7 }],
  ])("takes %s", async (_, picture) => {
    vi.stubGlobal("OffscreenCanvas", Canvas);
    const expected = { data: new Uint8Array(24).fill(7), width: 3, height: 2, channels: 4 };
    expect(await toPixels(picture as unknown as ImageSource)).toEqual(expected);
    expect(await postable(picture as unknown as ImageSource)).toEqual(expected);
  });

  it("says why it cannot", async () => {
    const refused = (picture: object) => expect(toPixels(picture as ImageSource, { name: "cat" })).rejects;
    await refused({ width: 3, height: 2 }).toThrow(new DataError("cannot read cat: this platform has no 2d canvas; pass { data, width, height, channels }"));
    vi.stubGlobal("OffscreenCanvas", Canvas);
    await refused({ width: 0, height: 0 }).toThrow("cannot read cat: it has 0 x 0 pixels; has it been loaded, and not closed?");
    await refused({ width: 3, height: 2, value: 256 }).toThrow("cannot read cat: the canvas has been tainted by cross-origin data");
    await refused({ width: 20_000, height: 20_000 }).toThrow(LimitError);
  });
});
