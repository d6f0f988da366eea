import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError, LimitError } from "../../src/core/errors.js";
import { limits } from "../../src/core/limits.js";
import { ImageList } from "../../src/data/image-list.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ocelli-csv-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("ImageList.fromCsv", () => {
  it("reads text: quotes, spaces, empty lines, a byte order mark, CRLF, other columns", async () => {
    const text = '\ufeffid,image,label\r\n1,"a, b.jpg" , dog\r\n\r\n2,"say ""hi"".png",cat\r\n3,c.webp,"two\r\nlines"\r\n';
    const data = await ImageList.fromCsv(text);
    expect(data.classes).toEqual(["cat", "dog", "two\r\nlines"]);
    expect([0, 1, 2].map((index) => data.item(index))).toEqual([
      { image: "a, b.jpg", label: 1, id: "a, b.jpg" },
      { image: 'say "hi".png', label: 0, id: 'say "hi".png' },
      { image: "c.webp", label: 2, id: "c.webp" },
    ]);
  });

  it("resolves paths against the file, a given root, or nothing", async () => {
    const rows = "image,label\na/1.jpg,x\n/abs/2.jpg,y\nhttps://example.org/3.jpg,x\nC:\\4.jpg,y\n";
    const path = join(folder, "labels.csv");
    await writeFile(path, rows);
    const imagesOf = (data: Awaited<ReturnType<typeof ImageList.fromCsv>>) =>
      "item" in data ? [0, 1, 2, 3].map((index) => (data.item(index) as { image: unknown }).image) : [];
    const absolute = ["/abs/2.jpg", "https://example.org/3.jpg", "C:\\4.jpg"];
    expect(imagesOf(await ImageList.fromCsv(path))).toEqual([`${folder}/a/1.jpg`, ...absolute]);
    expect(imagesOf(await ImageList.fromCsv(pathToFileURL(path)))).toEqual([`file://${folder}/a/1.jpg`, ...absolute]);
    expect(imagesOf(await ImageList.fromCsv(path, { root: "/data" }))).toEqual(["/data/a/1.jpg", ...absolute]);
    expect(imagesOf(await ImageList.fromCsv(rows))).toEqual(["a/1.jpg", ...absolute]);
    expect(imagesOf(await ImageList.fromCsv(new Blob([rows])))).toEqual(["a/1.jpg", ...absolute]);
  });

  it("takes other columns, delimiters and class orders", async () => {
    const data = await ImageList.fromCsv("file\tkind\n1.jpg\t1\n2.jpg\t0\n", { image: "file", label: "kind", delimiter: "\t", classes: ["1", "0"] });
    expect([data.classes, data.item(0), data.item(1)]).toMatchObject([["1", "0"], { label: 0 }, { label: 1 }]);
  });

  it("splits by a column", async () => {
    const text = "image,label,set\n1,a,train\n2,b,train\n3,a,val\n4,b,val\n5,a,test\n6,c,test\n";
    const { classes, train, validation } = await ImageList.fromCsv(text, { split: "set" });
    expect([classes, train.length, validation.length]).toEqual([["a", "b"], 2, 2]);
    const differing = text.replace("4,b", "4,c");
    await expect(ImageList.fromCsv(differing, { split: "set" })).rejects.toThrow('only in training: "b"; only in validation: "c"');
    expect((await ImageList.fromCsv(differing, { split: "set", classes: ["a", "b", "c"] })).validation.item(1)).toMatchObject({ label: 2 });
    await expect(ImageList.fromCsv("image,label,set\n1,a,train\n2,b,train\n", { split: "set" })).rejects.toThrow("validation: there are no images");
  });

  const refusals: [string, object, string][] = [
    ["file,label\n1,a\n", {}, 'CSV text: expected a column "image", found "file", "label"'],
    ["\n\n", {}, 'CSV text: expected a column "image", found nothing'],
    ["image,label,image\n1,a,2\n", {}, 'CSV text: there are two columns "image"'],
    ["image,label\n", {}, "CSV text: there are no images"],
    ["image,label\n1.jpg,a\n,b\n", {}, 'CSV text line 3: column "image" is empty'],
    ["image,label\n\n1.jpg,\n", {}, 'CSV text line 3: column "label" is empty'],
    ["image,label\n1.jpg,a\n2.jpg\n", {}, "line 3"],
    ["image,label\n1.jpg,a,b\n", {}, "line 2"],
    ['image,label\n"1.jpg,a\n', {}, "CSV text: Quote Not Closed"],
    [
      "image,label,set\n1,a,train\n2,b,Train\n",
      { split: "set" },
      'CSV text line 3: column "set" is "Train", expected train or one of val, valid, validation, test',
    ],
    ["image,label\n1,a\n", { split: "set" }, 'CSV text: expected a column "set"'],
  ];
  it.each(refusals)("refuses %j %j", async (text, options, message) => {
    const error = await ImageList.fromCsv(text, options).catch((reason) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(message);
  });

  it("names a file that is missing, is not text, or is too large", async () => {
    const path = join(folder, "binary.csv");
    await expect(ImageList.fromCsv(join(folder, "none.csv"))).rejects.toThrow(`cannot open ${join(folder, "none.csv")}`);
    await writeFile(path, Uint8Array.of(0xff, 0xfe, 0x00));
    await expect(ImageList.fromCsv(path)).rejects.toThrow(new DataError(`${path} is not valid UTF-8 text`));
    const { textBytes } = limits;
    limits.textBytes = 2;
    try {
      await expect(ImageList.fromCsv(path)).rejects.toThrow(LimitError);
    } finally {
      limits.textBytes = textBytes;
    }
  });

  it("throws nothing but DataError for any text, and reads any quoted values back", async () => {
    const piece = fc.oneof(fc.string({ unit: "grapheme", maxLength: 3 }), fc.constantFrom('"', ",", "\n", "\r\n", "image,label\n"));
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        await ImageList.fromCsv(`image,label\n${pieces.join("")}`).catch((error) => expect(error).toBeInstanceOf(DataError));
      }),
      { numRuns: 500 },
    );
    const value = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((text) => text.trim() === text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, fc.constantFrom("a", "b")), { minLength: 1, maxLength: 5 }), async (rows) => {
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = `image,label\n${rows.map((row) => row.map(quote).join()).join("\n")}`;
        const data = await ImageList.fromCsv(text, { classes: ["a", "b"] });
        expect(rows.map((_, index) => data.item(index))).toMatchObject(rows.map(([id, label]) => ({ id, label: label === "a" ? 0 : 1 })));
      }),
    );
  });
});
