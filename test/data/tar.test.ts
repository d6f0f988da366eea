import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBytes } from "../../src/core/byte-source.js";
import { DataError, FormatError, LimitError } from "../../src/core/errors.js";
import { Random } from "../../src/core/random.js";
import type { Dataset } from "../../src/data/dataset.js";
import { type FileRange, readBytes } from "../../src/data/read.js";
import { indexTar } from "../../src/data/tar.js";
import { TarShards } from "../../src/data/tar-shards.js";
import { asset } from "../assets.js";
import { type Entry, pax, tar } from "./make-tar.js";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const index = (bytes: Uint8Array, keep?: (path: string) => boolean) => indexTar(openBytes(bytes), keep);
const itemsOf = (data: Dataset) => Promise.all(Array.from({ length: data.length }, (_, i) => data.item(i)));

/** Every item's image holds the end of its id, as the archives here are made. */
async function expectContents(data: Dataset): Promise<void> {
  for (const { image, id } of await itemsOf(data)) expect(id.endsWith(decode(await readBytes(structuredClone(image) as FileRange | Blob)))).toBe(true);
}

describe("indexTar", () => {
  it.each(["ustar", "gnu", "pax"])("lists the files of Python's %s archives", async (format) => {
    const bytes = await readFile(join(import.meta.dirname, `fixtures/${format}.tar`));
    const long = `long-${"x".repeat(90)}`;
    const members = await index(bytes, (path) => path.endsWith("1.jpg"));
    const expected = ["./cat/1.jpg", "./cat/größe.jpg", `${format === "ustar" ? long : `${long}/${long}`}/${"y".repeat(40)}.png`, "./cat/last.jpg"];
    expect(members.map(({ path }) => path)).toEqual(expected);
    for (const { path, offset, size } of members) expect(decode(bytes.subarray(offset, offset + size))).toBe(path);
    expect(members.map(({ content }) => content && decode(content))).toEqual(["./cat/1.jpg", undefined, undefined, undefined]);
  });

  it("reads sizes in octal, in base 256 and from pax, and names from any of three places", async () => {
    const base256 = new Uint8Array(12);
    base256.set([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
    const members = await index(
      tar([
        { path: "octal", data: "12345", size: "        5 \0" },
        { path: "binary", data: "12345", size: base256 },
        { path: "ignored", type: "x", data: pax("size", "5") + pax("path", "from/pax") + pax("comment", "größe") },
        { path: "short", data: "12345", size: "00000000000\0" },
        { path: "ignored", type: "L", data: "from/gnu\0" },
        { path: "short", data: "12345" },
        { path: "ignored", type: "g", data: pax("path", "for all") },
        { path: "name", data: "12345", change: (header) => header.set(new TextEncoder().encode("pre/fix"), 345) },
        { path: "old gnu", data: "12345", change: (header) => header.set(new TextEncoder().encode("ustar  \0 123456"), 257) },
        { path: "type zero", data: "12345", type: "\0" },
        { path: "folder", type: "5", data: "", size: "00000000777\0" },
      ]),
    );
    expect(members.map(({ path, size }) => [path, size])).toEqual(
      ["octal", "binary", "from/pax", "from/gnu", "pre/fix/name", "old gnu", "type zero"].map((path) => [path, 5]),
    );
  });

  it("takes the last of two members with one path, and stops at the end mark", async () => {
    const bytes = tar([
      { path: "a", data: "old" },
      { path: "a", data: "newer" },
    ]);
    expect(await index(bytes)).toMatchObject([{ path: "a", size: 5 }]);
    expect(await index(new Uint8Array([...bytes, ...tar(["b"])]))).toHaveLength(1);
    expect(await index(tar(["a"], 1))).toHaveLength(1);
    expect(await index(tar([]))).toEqual([]);
  });

  const sparse: Entry[] = [{ path: "p", type: "x", data: pax("GNU.sparse.major", "1") }, { path: "a" }];
  const refusals: [string, Uint8Array, string][] = [
    ["an empty file", new Uint8Array(), "expected another header at byte 0 or the end mark, found the end of the file at 0"],
    ["no end mark", tar(["a"], 0), "expected another header at byte 1024 or the end mark, found the end of the file at 1024"],
    ["a header cut off", tar(["a"]).subarray(0, 1400), "expected another header at byte 1024"],
    ["content cut off", tar([{ path: "cat.jpg", data: "x".repeat(600) }]).subarray(0, 1000), 'member "cat.jpg" ends at byte 1112, after the archive\'s 1000'],
    ["a size beyond the end", tar([{ path: "a", size: "77777777777\0" }]), 'member "a" ends at byte 8589935103, after'],
    ["another file", new Uint8Array(1024).fill(65), "header at byte 0 does not match its checksum; is this a tar archive?"],
    ["a compressed archive", new Uint8Array(1024).fill(0x8b).fill(0x1f, 0, 1), "the archive is compressed"],
    ["a changed header", tar(["a", { path: "b", after: (header) => header.fill(66, 1, 2) }]), "header at byte 1024 does not match its checksum"],
    ["a size that is text", tar([{ path: "a", size: "five" }]), "header at byte 0 has a size that is no number"],
    ["a negative size", tar([{ path: "a", size: new Uint8Array(12).fill(255) }]), "header at byte 0 has a size that is no number"],
    ["a name in Latin-1", tar([{ path: "a", change: (header) => header.fill(0xe9, 0, 1) }]), "name at byte 0 is not valid UTF-8"],
    ["a sparse file", tar([{ path: "a", type: "S" }]), 'member "a" is sparse'],
    ["a sparse file in pax", tar(sparse), "pax record at byte 512 makes the next member sparse"],
    ...["x", "5 a=b", "0 a=b\n", "999 a=b\n", "6 a=bc\n", "5 abc\n", "-6 a=b\n", "6a=b\n"].map((text): [string, Uint8Array, string] => [
      `pax ${JSON.stringify(text)}`,
      tar([{ path: "p", type: "x", data: text }, "a"]),
      "pax record at byte 512 is malformed",
    ]),
    ["a pax size that is text", tar([{ path: "p", type: "x", data: pax("size", "1e3") }, "a"]), 'has a size "1e3" that is no number'],
  ];
  it.each(refusals)("refuses %s", async (_, bytes, message) => {
    const error = await index(bytes).catch((reason) => reason);
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/^tar: .*\(bytes in memory\)$/s);
  });

  it("refuses long names and labels beyond a megabyte", async () => {
    const data = new Uint8Array(2 ** 20 + 1).fill(65);
    await expect(index(tar([{ path: "L", type: "L", data }, "a"]))).rejects.toThrow(LimitError);
    await expect(index(tar([{ path: "a.json", data }]), () => true)).rejects.toThrow('tar: member "a.json" at byte 0 has 1048577 bytes, more than 1048576');
    expect(await index(tar([{ path: "a.json", data }]))).toHaveLength(1);
  });

  it("finds any files again", async () => {
    const path = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      .filter((text) => !text.includes("\0") && new TextEncoder().encode(text).length <= 100);
    const files = fc.uniqueArray(fc.record({ path, data: fc.uint8Array({ maxLength: 1500 }) }), { selector: (file) => file.path, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(files, async (entries) => {
        const bytes = tar(entries);
        const found = (await index(bytes)).map(({ path, offset, size }) => ({ path, data: bytes.slice(offset, offset + size) }));
        expect(found).toEqual(entries);
      }),
    );
  });

  it("throws nothing but FormatError and LimitError on 2,000 damaged archives", async () => {
    const whole = tar([{ path: "L", type: "L", data: "a/long name.jpg\0" }, "short", { path: "x", type: "x", data: pax("path", "b/2.jpg") }, "b", "c/3.jpg"]);
    const random = new Random(2);
    const outcomes = { read: 0, refused: 0 };
    const checksum = (bytes: Uint8Array, at: number) => {
      bytes.fill(0x20, at + 148, at + 156);
      const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
      bytes.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), at + 148);
    };
    for (let round = 0; round < 2000; round++) {
      const bytes = whole.slice(0, round % 8 === 0 ? random.integer(whole.length) : whole.length);
      for (let edits = random.integer(4); edits >= 0 && bytes.length > 0; edits--) {
        const at = random.integer(bytes.length);
        bytes[at] = round % 2 === 0 ? random.integer(256) : "0123456789 =\n\0xLgS".charCodeAt(random.integer(18));
        const header = at - (at % 512);
        if (header + 512 <= bytes.length && bytes[header + 257] === 0x75 && random.integer(8) > 0) checksum(bytes, header);
      }
      try {
        for (const { offset, size } of await index(bytes, () => true)) expect(offset + size).toBeLessThanOrEqual(bytes.length);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
        outcomes.refused++;
      }
    }
    expect(outcomes.read).toBeGreaterThan(200);
    expect(outcomes.refused).toBeGreaterThan(200);
  });
});

describe("TarShards", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "ocelli-tar-"));
    const shards = join(root, "shards");
    await mkdir(shards);
    const sample = (key: string, label: string): Entry[] => [{ path: `${key}.jpg` }, { path: `${key}.cls`, data: label }];
    for (let shard = 0; shard < 3; shard++) {
      await writeFile(join(shards, `web-0${shard}.tar`), tar(["a", "b", "c", "d"].flatMap((name, i) => sample(`${shard}/${name}.1`, `${i % 2}\n`))));
    }
    await writeFile(join(shards, "notes.txt"), "");
    const folders = ["train/cat/1.jpg", "train/dog/1.jpg", "train/dog/.2.jpg", "./val/cat/2.jpg", "val/dog/2.jpg", "README.md"];
    await writeFile(join(root, "folders.tar"), tar(folders.map((path) => ({ path, data: path.replace("./", "") }))));
  });
  afterAll(() => rm(root, { recursive: true }));

  const web = (samples: Entry[]) => TarShards.open(tar(samples));

  it.each(["shards", "shards/", "shards/web-{00..02}.tar", "shards/web-*.tar", "shards/web-0?.tar"])("opens WebDataset shards by %s", async (path) => {
    const data = await TarShards.open(join(root, path));
    expect([data.length, data.classes]).toEqual([12, ["0", "1"]]);
    expect(await data.item(5)).toEqual({
      image: { path: join(root, "shards/web-01.tar"), offset: expect.any(Number), length: 9 },
      label: 1,
      id: "web-01.tar/1/b.1.jpg",
    });
    await expectContents(data);
  });

  it("reads labels from .cls and .json, as index or name", async () => {
    const data = await web([
      { path: "1.jpg" },
      { path: "1.cls", data: "dog" },
      { path: "2.json", data: '{"label":"cat"}' },
      { path: "2.png" },
      { path: "3.seg.png" },
      { path: "3.json", data: '"dog"' },
      { path: "notes.json", data: "{}" },
    ]);
    expect(data.classes).toEqual(["cat", "dog"]);
    expect((await itemsOf(data)).map(({ label, id }) => [label, id])).toEqual([
      [1, "bytes in memory/1.jpg"],
      [0, "bytes in memory/2.png"],
      [1, "bytes in memory/3.seg.png"],
    ]);
    await expectContents(data);
    const keyed = tar([{ path: "1.jpg" }, { path: "1.json", data: '{"kind":1}' }]);
    expect(await (await TarShards.open(keyed, { labelKey: "kind", classes: ["x", "y"] })).item(0)).toMatchObject({ label: 1 });
  });

  it("refuses samples without a usable label, by name", async () => {
    const labelled = [{ path: "0.jpg" }, { path: "0.cls", data: "a" }, { path: "1.jpg" }];
    await expect(web(labelled)).rejects.toThrow(new DataError("TarShards of 1 archives: bytes in memory/1.jpg has no .cls or .json beside it"));
    for (const [name, data, message] of [
      ["cls", " \n", "tar: label bytes in memory/1.cls is empty"],
      ["json", "{}", 'tar: label bytes in memory/1.json has no class index or name under "label"'],
      ["json", "null", "tar: label bytes in memory/1.json has no class index or name"],
      ["json", '{"label":["a"]}', 'has no class index or name under "label"'],
    ]) {
      await expect(web([...labelled, { path: `1.${name}`, data }])).rejects.toThrow(message);
      await expect(web([...labelled, { path: `1.${name}`, data }])).rejects.toThrow(DataError);
    }
    await expect(web([...labelled, { path: "1.json", data: "{" }])).rejects.toThrow(FormatError);
    await expect(web([{ path: "1.jpg" }, { path: "1.cls", data: "7" }])).resolves.toHaveProperty("length", 1);
    const mixed = [tar([{ path: "1.jpg" }, { path: "1.cls", data: "7" }]), tar(["a/1.jpg"])];
    await expect(TarShards.open(mixed)).rejects.toThrow("some archives have .cls or .json labels and some have none");
  });

  it("opens class folders, and one of train/ and val/ by its prefix", async () => {
    const path = join(root, "folders.tar");
    await expect(TarShards.open(path)).rejects.toThrow(
      new DataError(`${path}: there are train/ and val/; open one with { prefix } or both with TarShards.openSplit`),
    );
    const data = await TarShards.open(path, { prefix: "val/" });
    expect((await itemsOf(data)).map(({ id, label }) => [id, label])).toEqual([
      ["folders.tar/val/cat/2.jpg", 0],
      ["folders.tar/val/dog/2.jpg", 1],
    ]);
    await expectContents(data);
    expect((await TarShards.open(new Blob([tar(["val/b/1.jpg", "val/a/1.jpg"])]))).classes).toEqual(["a", "b"]);
    expect((await TarShards.open(tar(["b/1.jpg", "a/1.jpg"]).buffer)).classes).toEqual(["a", "b"]);
    await expect(TarShards.open(path, { prefix: "test/" })).rejects.toThrow(`${path}: there are no images below "test/"`);
  });

  it("splits by folders, by other shards, or at random", async () => {
    const inside = await TarShards.openSplit(join(root, "folders.tar"));
    expect([inside.classes, inside.train.length, inside.validation.length]).toEqual([["cat", "dog"], 2, 2]);
    await expectContents(inside.train);
    const apart = await TarShards.openSplit([tar(["train/a/1.jpg", "train/b/1.jpg"]), new Blob([tar(["val/a/2.jpg", "val/b/2.jpg"])])]);
    expect([apart.train.length, apart.validation.length]).toEqual([2, 2]);
    const given = await TarShards.openSplit(join(root, "shards/web-{00..01}.tar"), { validation: join(root, "shards/web-02.tar") });
    expect([given.train.length, given.validation.length]).toEqual([8, 4]);
    const random = await TarShards.openSplit(join(root, "shards"), { validation: 0.5, seed: 1 });
    expect([random.train.length, random.validation.length]).toEqual([6, 6]);
    await expect(TarShards.openSplit(tar(["a/1.jpg", "b/1.jpg"]), { validation: tar(["a/1.jpg", "c/1.jpg"]) })).rejects.toThrow('only in validation: "c"');
  });

  it("names what is not there", async () => {
    await expect(TarShards.open(join(root, "none.tar"))).rejects.toThrow(`cannot open ${join(root, "none.tar")}: there is no such file`);
    await expect(TarShards.open(join(root, "none-*.tar"))).rejects.toThrow(`nothing in ${root} matches none-*.tar`);
    await expect(TarShards.open(join(root, "none/*.tar"))).rejects.toThrow(`cannot read the folder ${join(root, "none")}`);
    await expect(TarShards.open(join(root, "a-{3..1}.tar"))).rejects.toThrow("expected a run of 1 to 100000 archives, got {3..1}");
  });

  it("opens a real archive", async ({ skip }) => {
    const path = asset("data/imagenette-small.tar");
    if (!path) return skip("data/imagenette-small.tar is not there");
    const { classes, train, validation } = await TarShards.openSplit(path);
    expect([classes.length, train.length, validation.length]).toEqual([10, 1000, 500]);
    expect(classes[classes.length - 1]).toBe("tench");
    const bytes = await readBytes((await validation.item(499)).image as FileRange);
    expect([...bytes.subarray(0, 2), ...bytes.subarray(-2)]).toEqual([0xff, 0xd8, 0xff, 0xd9]);
  });
});
