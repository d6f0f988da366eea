import { readTflite } from "../../../src/formats/tflite/index.js";
import { type Field, LiteFile } from "../../formats/tflite/lite-file.js";
import type { Target } from "../run.js";
import { importWhole } from "./import-whole.js";

const halves = (count: number) => new Float32Array(count).fill(0.5);

/** A small network of bytes, with one scale for a channel where weights have them. */
function quantised(): Uint8Array {
  const file = new LiteFile();
  const bytes = (shape: number[], name: string) => ({ shape, type: 9, name, quantization: { scales: [0.5], zeroPoints: [-3] } });
  const x = file.tensor(bytes([1, 12, 12, 3], "x"));
  const filter = file.tensor({
    ...bytes([4, 3, 3, 3], "filter"),
    data: new Int8Array(108).fill(7),
    quantization: { scales: [1, 2, 3, 4], zeroPoints: [0, 0, 0, 0] },
  });
  const bias = file.tensor({ shape: [4], type: 2, name: "bias", data: new Int32Array(4).fill(9), quantization: { scales: [1], zeroPoints: [0] } });
  const window = (padding: number, stride: number): Field[] => [
    ["int8", padding],
    ["int32", stride],
    ["int32", stride],
  ];
  const [a] = file.op("CONV_2D", [x, filter, bias], [...window(0, 2), ["int8", 3]], [bytes([1, 6, 6, 4], "a")]);
  const [b] = file.op("DEPTHWISE_CONV_2D", [a, file.floats([1, 3, 3, 4], halves(36)), -1], [...window(1, 1), ["int32", 1], ["int8", 1]], [[1, 4, 4, 4]]);
  const [c] = file.op("MEAN", [b, file.ints([1, 2])], [["int8", 0]], [[1, 4]]);
  const [d] = file.op("FULLY_CONNECTED", [c, file.floats([3, 4], halves(12)), file.floats([3], halves(3))], [["int8", 0]], [[1, 3]]);
  return file.bytes([x], file.op("SOFTMAX", [d], [["float32", 1]], [[1, 3]]));
}

/** Shapes, slices and joins. */
function shaped(): Uint8Array {
  const file = new LiteFile();
  const x = file.tensor({ shape: [1, 4, 4, 3], name: "x" });
  const [a] = file.op("PAD", [x, file.ints([0, 0, 1, 1, 0, 2, 0, 0], [4, 2])], [], [[1, 6, 6, 3]]);
  const [b] = file.op(
    "STRIDED_SLICE",
    [a, file.ints([0, 1, 0, 0]), file.ints([1, 5, 4, 3]), file.ints([1, 1, 1, 1])],
    [
      ["int32", 1],
      ["int32", 1],
    ],
    [[1, 4, 4, 3]],
  );
  const [c] = file.op(
    "CONCATENATION",
    [b, x],
    [
      ["int32", 3],
      ["int8", 1],
    ],
    [[1, 4, 4, 6]],
  );
  const [d] = file.op(
    "MAX_POOL_2D",
    [c],
    [
      ["int8", 1],
      ["int32", 2],
      ["int32", 2],
      ["int32", 2],
      ["int32", 2],
    ],
    [[1, 2, 2, 6]],
  );
  const [e] = file.op("RESHAPE", [d, file.ints([1, 24])], [], [[1, 24]]);
  return file.bytes([x], file.op("FULLY_CONNECTED", [e, file.floats([2, 24], halves(48)), -1], [["int8", 0]], [[1, 2]]));
}

export const tflite: Target = {
  name: "tflite",
  files: [quantised(), shaped()],
  async read(bytes) {
    importWhole(await readTflite({ name: "fuzz.tflite", bytes: bytes.slice() }));
  },
};
