import { zipSync } from "fflate";
import { Builder } from "flatbuffers";
import { expect, test } from "vitest";
import { DataError } from "../../../src/core/errors.js";
import { parseLabels } from "../../../src/formats/labels.js";
import { readTflite } from "../../../src/formats/tflite/index.js";
import { type Field, LiteFile, table, vector } from "./lite-file.js";

const text = (value: string) => new TextEncoder().encode(value);

/** Metadata of an image classifier: normalisation of the input, a label file of the output. */
function metadata(): Uint8Array {
  const builder = new Builder(256);
  const name = (value: string) => ["offset", builder.createString(value) as number] as const satisfies Field;
  const list = (...tables: number[]) => ["offset", vector(builder, "offset", tables)] as const satisfies Field;
  const numbers = (...values: number[]) => ["offset", vector(builder, "float32", values)] as const satisfies Field;
  const options = table(builder, [numbers(127.5, 120, 110), numbers(50)]);
  const unit = table(builder, [
    ["int8", 1],
    ["offset", options],
  ]);
  const input = table(builder, [name("image"), undefined, undefined, undefined, list(unit)]);
  const labels = table(builder, [name("classes.txt"), undefined, ["int8", 2]]);
  const output = table(builder, [name("score"), undefined, undefined, undefined, undefined, undefined, list(labels)]);
  const graph = table(builder, [undefined, undefined, list(input), list(output)]);
  const model = table(builder, [name("Animals"), undefined, undefined, list(graph), name("Somebody"), name("Apache-2.0")]);
  builder.finish(model, "M001");
  return builder.asUint8Array();
}

function classifier(withMetadata?: Uint8Array): Uint8Array<ArrayBuffer> {
  const file = new LiteFile();
  const x = file.tensor({ shape: [1, 4, 5, 3], name: "image" });
  const mean = file.op("MEAN", [x, file.ints([1, 2])], [["int8", 0]], [{ shape: [1, 3], name: "score" }]);
  return file.bytes([x], mean, withMetadata);
}

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
