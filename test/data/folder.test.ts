import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DataError } from "../../src/core/errors.js";
import type { Dataset } from "../../src/data/dataset.js";
import { ImageFolder } from "../../src/data/image-folder.js";
import { readBytes } from "../../src/data/read.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "ocelli-folder-"));
});
afterEach(() => rm(root, { recursive: true }));

async function make(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), path);
  }
}

const itemsOf = (data: Dataset) => Promise.all(Array.from({ length: data.length }, (_, i) => data.item(i)));
const idsOf = async (data: Dataset) => (await itemsOf(data)).map(({ id }) => id);
const series = (folder: string, count: number) => Array.from({ length: count }, (_, i) => `${folder}/${i}.jpg`);

describe("ImageFolder", () => {
  it("labels images with their folder and splits every class", async () => {
    await make(...series("dog", 10), ...series("cat", 5));
    const { classes, train, validation } = await ImageFolder.open(root);
    expect(classes).toEqual(["cat", "dog"]);
    expect([train.length, validation.length]).toEqual([12, 3]);
    for (const { image, id, label } of [...(await itemsOf(train)), ...(await itemsOf(validation))]) {
      expect(classes[label]).toBe(id.split("/")[0]);
      expect(new TextDecoder().decode(await readBytes(image as string))).toBe(id);
      expect(structuredClone(image)).toEqual(image);
    }
    const again = await ImageFolder.open(pathToFileURL(`${root}/`), { validation: 0.2, seed: 0 });
    expect(await idsOf(again.validation)).toEqual(await idsOf(validation));
    const other = await ImageFolder.open(root, { validation: 0.5, seed: 0 });
    expect([other.train.length, other.validation.length]).toEqual([7, 8]);
  });

  it("knows the image types, and leaves out hidden files, other files and images in no class", async () => {
    const images = ["a/1.jpg", "a/2.JPEG", "a/3.png", "a/4.bmp", "a/5.gif", "b/1.tif", "b/2.TIFF", "b/3.webp"];
    await make(...images, "a/.hidden.jpg", ".git/1.jpg", "__MACOSX/a/1.jpg", "a/notes.txt", "a/jpg", "loose.jpg", "README.md");
    const { train } = await ImageFolder.open(root, { validation: 0 });
    expect(await idsOf(train)).toEqual(images);
  });

  it("sorts by code unit: capitals first, no numbers, no locale", async () => {
    await make("b/10.jpg", "b/9.jpg", "B/1.jpg", "a-/1.jpg", "a/b/1.jpg", "ä/1.jpg");
    const { classes, train } = await ImageFolder.open(root, { validation: 0 });
    expect(classes).toEqual(["B", "a", "a-", "b", "ä"]);
    expect(await idsOf(train)).toEqual(["B/1.jpg", "a-/1.jpg", "a/b/1.jpg", "b/10.jpg", "b/9.jpg", "ä/1.jpg"]);
  });

  it.each(["val", "valid", "validation", "test"])("uses train/ and %s/", async (name) => {
    await make(...series("train/x", 3), ...series("train/y", 2), ...series(`${name}/x`, 1), ...series(`${name}/y`, 1));
    const { classes, train, validation } = await ImageFolder.open(root);
    expect(classes).toEqual(["x", "y"]);
    expect(await idsOf(train)).toEqual(["train/x/0.jpg", "train/x/1.jpg", "train/x/2.jpg", "train/y/0.jpg", "train/y/1.jpg"]);
    expect(await idsOf(validation)).toEqual([`${name}/x/0.jpg`, `${name}/y/0.jpg`]);
  });

  it("prefers val/ to test/, splits a lone train/, and takes train for a class where it holds images", async () => {
    await make(...series("train/x", 3), ...series("train/y", 3), ...series("val/x", 1), ...series("val/y", 1), "test/x/1.jpg");
    expect((await ImageFolder.open(root)).validation.length).toBe(2);
    await rm(join(root, "val"), { recursive: true });
    await rm(join(root, "test"), { recursive: true });
    const lone = await ImageFolder.open(root);
    expect([lone.classes, lone.train.length, lone.validation.length]).toEqual([["x", "y"], 4, 2]);
    await make("train/0.jpg", "car/0.jpg");
    expect((await ImageFolder.open(root)).classes).toEqual(["car", "train"]);
  });

  it("follows links, but not in circles", async () => {
    await make(...series("a", 3), ...series("b", 3));
    await symlink(root, join(root, "a/loop"));
    await symlink(join(root, "b"), join(root, "c"));
    await symlink("nowhere", join(root, "a/broken.jpg"));
    const { classes, train } = await ImageFolder.open(root, { validation: 0 });
    expect(classes).toEqual(["a", "b", "c"]);
    expect((await idsOf(train)).filter((id) => id.startsWith("a/"))).toEqual(["a/0.jpg", "a/1.jpg", "a/2.jpg", "a/broken.jpg"]);
    expect(train.length).toBe(10);
  });

  const refusals: [string, string[], string][] = [
    ["no class", ["1.jpg"], "expected one folder of images for each class, found no images in folders"],
    ["one class", ["cat/1.jpg"], 'expected at least two classes, got only "cat"'],
    ["a class without images", ["cat/1.jpg", "dog/1.txt"], "class folder dog has no images (jpg, png, bmp, gif, tiff, webp)"],
    ["a class without images in val/", ["train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/b/1.heic"], "class folder val/b has no images"],
    [
      "classes that differ",
      ["train/a/1.jpg", "train/b/1.jpg", "train/c/1.jpg", "val/a/1.jpg", "val/d/1.jpg"],
      'expected the same classes for training and validation; only in training: "b", "c"; only in validation: "d"',
    ],
  ];
  it.each(refusals)("refuses %s", async (_, paths, message) => {
    await make(...paths);
    const error = await ImageFolder.open(root).catch((reason) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(`${root}: ${message}`);
  });

  it("names a folder that cannot be read", async () => {
    await expect(ImageFolder.open(join(root, "missing"))).rejects.toThrow(
      new DataError(`cannot read the folder ${join(root, "missing")}: there is no such file or folder`),
    );
    await make("file");
    await expect(ImageFolder.open(join(root, "file"))).rejects.toThrow(`cannot read the folder ${join(root, "file")}: `);
  });

  it("takes the Files of a directory input", async () => {
    const paths = ["photos/cat/1.jpg", "photos/cat/2.jpg", "photos/dog/1.jpg", "photos/dog/2.png", "photos/.DS_Store"];
    const files = paths.map((path) => Object.defineProperty(new File([path], path), "webkitRelativePath", { value: path }));
    const { classes, train, validation } = await ImageFolder.open(files);
    expect(classes).toEqual(["cat", "dog"]);
    expect([train.length, validation.length]).toEqual([2, 2]);
    const { image, id } = await train.item(0);
    expect(new TextDecoder().decode(await readBytes(image as Blob))).toBe(id);
  });
});
