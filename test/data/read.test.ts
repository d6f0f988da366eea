import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError, FormatError, LimitError } from "../../src/core/errors.js";
import { limits } from "../../src/core/limits.js";
import { readBytes } from "../../src/data/read.js";

let folder: string;
let path: string;
const whole = Uint8Array.of(1, 2, 3, 4, 5);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ocelli-read-"));
  path = join(folder, "größe.bin");
  await writeFile(path, whole);
});
afterAll(() => rm(folder, { recursive: true }));

describe("readBytes", () => {
  it("reads files, ranges, URLs, Blobs and bytes", async () => {
    const url = pathToFileURL(path);
    const data = "data:application/octet-stream;base64,AQIDBAU=";
    for (const source of [path, url, url.href, data, new Blob([whole]), whole, whole.buffer]) expect(await readBytes(source)).toEqual(whole);
    expect(await readBytes({ path, offset: 1, length: 3 })).toEqual(Uint8Array.of(2, 3, 4));
    expect(await readBytes({ path: data, offset: 1, length: 3 })).toEqual(Uint8Array.of(2, 3, 4));
    expect(await readBytes({ path, offset: 5, length: 0 })).toEqual(new Uint8Array());
  });

  it("says what cannot be read", async () => {
    const missing = join(folder, "missing.jpg");
    await expect(readBytes(missing)).rejects.toThrow(new DataError(`cannot open ${missing}: there is no such file or folder`));
    await expect(readBytes(folder)).rejects.toThrow(new DataError(`cannot open ${folder}: expected a file, found a folder`));
    await expect(readBytes({ path, offset: 3, length: 3 })).rejects.toThrow(new FormatError(`expected 3 bytes at byte 3, found 2 (${path})`));
    await expect(readBytes({ path, offset: 9, length: 1 })).rejects.toThrow(new FormatError(`expected 1 bytes at byte 9, found 0 (${path})`));
  });

  it("reads no more than the limit allows", async () => {
    const { imageBytes } = limits;
    limits.imageBytes = 4;
    try {
      await expect(readBytes(path)).rejects.toThrow(new LimitError(`an image of 5 bytes is larger than 4 (${path})`));
      await expect(readBytes(new Blob([whole]))).rejects.toThrow(LimitError);
      await expect(readBytes({ path, offset: 0, length: 2 ** 40 })).rejects.toThrow(LimitError);
      expect(await readBytes({ path, offset: 1, length: 4 })).toHaveLength(4);
    } finally {
      limits.imageBytes = imageBytes;
    }
  });
});
