/** A classifier of images as a TFLite file, with metadata or without. */
import { Builder } from "flatbuffers";
import { type Field, LiteFile, table, vector } from "./lite-file.js";

/** Metadata of an image classifier: normalisation of the input, a label file of the output. */
export function metadata(): Uint8Array {
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

export function classifier(withMetadata?: Uint8Array): Uint8Array<ArrayBuffer> {
  const file = new LiteFile();
  const x = file.tensor({ shape: [1, 4, 5, 3], name: "image" });
  const mean = file.op("MEAN", [x, file.ints([1, 2])], [["int8", 0]], [{ shape: [1, 3], name: "score" }]);
  return file.bytes([x], mean, withMetadata);
}
