import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { DataError } from "../../../src/core/errors.js";
import { parseLabels } from "../../../src/formats/labels.js";
import { readTflite } from "../../../src/formats/tflite/index.js";
import { classifier, metadata } from "./lite-classifier.js";

const text = (value: string) => new TextEncoder().encode(value);

test("metadata say labels, normalisation, author and licence", async () => {
  const model = classifier(metadata());
  const archive = zipSync({ "classes.txt": text("cat\ndog\nbird\n") });
  for (const bytes of [new Uint8Array([...model, ...archive]), new Uint8Array([...model, 0, 0, 0, ...archive])]) {
    const { graph: _, ...rest } = await readTflite({ name: "animals.tflite", bytes });
    expect(rest).toEqual({
      labels: ["cat", "dog", "bird"],
      preprocessing: { resize: [4, 5], crop: [4, 5], interpolation: "bilinear", scale: 1, mean: [127.5, 120, 110], std: [50] },
      notes: { source: "Animals", author: "Somebody", license: "Apache-2.0" },
    });
  }
});

test("a label file beside the model names its classes, if it names as many", async () => {
  const open = (files: Record<string, string>) =>
    readTflite({
      name: "model.tflite",
      bytes: classifier(),
      async beside(name) {
        if (!Object.hasOwn(files, name)) throw new DataError(`there is no ${name}`);
        return text(files[name]);
      },
    });
  expect((await open({ "labels.txt": "0 cat\n1 dog\n2 bird" })).labels).toEqual(["cat", "dog", "bird"]);
  expect((await open({ "labels.txt": "cat\ndog", "labelmap.txt": "a\r\nb\r\nc\r\n" })).labels).toEqual(["a", "b", "c"]);
  expect(await open({ "labels.txt": "cat\ndog" })).not.toHaveProperty("labels");
  expect(await open({})).not.toHaveProperty("preprocessing");
});

test("label files have a label a line, and maybe its number", () => {
  expect(parseLabels("\ufeffbackground\ntench, Tinca tinca\n\n")).toEqual(["background", "tench, Tinca tinca"]);
  expect(parseLabels("0  person\n2: car\n1   bicycle\n")).toEqual(["person", "bicycle", "car"]);
  expect(parseLabels("0 person\n2 car")).toEqual(["person", "1", "car"]);
  expect(parseLabels("7 Up\n7 Eleven")).toEqual(["7 Up", "7 Eleven"]);
  expect(parseLabels("")).toEqual([]);
});
