/** ONNX files that the reader must refuse, each made to break one rule. */
import { externalTensor, floats, identity, info, node, onnxFile } from "../onnx/model.js";

export interface Attack {
  readonly name: string;
  readonly file: Uint8Array;
  readonly error: "FormatError" | "LimitError" | "UnsupportedOpError";
  readonly says: RegExp;
}

const withTensor = (tensor: object) => onnxFile({ node: [identity], initializer: [tensor] });
/** A field of bytes that says it is 2 GB long. */
const overlong = (field: number) => new Uint8Array([(field << 3) | 2, 0xff, 0xff, 0xff, 0xff, 0x07, 0]);
/** A function of ten calls of the next: 10^11 nodes. */
const doubling = (level: number) => ({
  name: `F${level}`,
  domain: "mine",
  input: ["v"],
  output: ["w"],
  node: Array.from({ length: 10 }, (_, k) => ({
    ...node(level < 10 ? `F${level + 1}` : "Relu", ["v"], [k ? `w${k}` : "w"]),
    domain: level < 10 ? "mine" : "",
  })),
});

export const attacks: readonly Attack[] = [
  { name: "no protobuf", file: new Uint8Array([255, 255, 255, 255]), error: "FormatError", says: /not an ONNX file/ },
  { name: "cut in the middle", file: onnxFile({ node: [identity] }).slice(0, -5), error: "FormatError", says: /not an ONNX file/ },
  { name: "no graph", file: new Uint8Array([8, 8]), error: "UnsupportedOpError", says: /opset/ },
  {
    name: "an opset of tomorrow",
    file: onnxFile({ node: [identity] }, { opsetImport: [{ domain: "", version: 99n }] }),
    error: "UnsupportedOpError",
    says: /got 99/,
  },
  {
    name: "a cycle",
    file: onnxFile({ node: [node("Add", ["x", "b"], ["a"], { name: "first" }), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])] }),
    error: "FormatError",
    says: /made of its own output/,
  },
  { name: "a node that reads itself", file: onnxFile({ node: [node("Add", ["x", "y"], ["y"])] }), error: "FormatError", says: /made of its own output/ },
  { name: "a name that nothing makes", file: onnxFile({ node: [node("Relu", ["z"], ["y"])] }), error: "FormatError", says: /reads "z", which nothing makes/ },
  { name: "no outputs", file: onnxFile({ node: [identity], output: [] }), error: "FormatError", says: /the graph has no outputs/ },
  { name: "an output that nothing makes", file: onnxFile({ node: [node("Relu", ["x"], ["z"])] }), error: "FormatError", says: /no node makes the output "y"/ },
  { name: "a name made twice", file: onnxFile({ node: [identity, node("Relu", ["x"], ["y"])] }), error: "FormatError", says: /"y" is made twice/ },
  {
    name: "two initializers of one name",
    file: onnxFile({ node: [identity], initializer: [floats("b", [1], [1]), floats("b", [1], [2])] }),
    error: "FormatError",
    says: /two initializers/,
  },
  { name: "a negative size", file: withTensor({ ...floats("b", [], []), dims: [-3n] }), error: "FormatError", says: /shape \[-3\]/ },
  { name: "sizes whose product is huge", file: withTensor({ ...floats("b", [], []), dims: [2n ** 40n, 2n ** 40n] }), error: "LimitError", says: /more than/ },
  { name: "sizes beyond whole numbers", file: withTensor({ ...floats("b", [], []), dims: [2n ** 62n] }), error: "FormatError", says: /shape/ },
  {
    name: "fewer numbers than the shape",
    file: withTensor(floats("b", [4], [1, 2, 3])),
    error: "FormatError",
    says: /expects 4 elements of type float32, got 3/,
  },
  {
    name: "raw bytes that end within a number",
    file: withTensor({ name: "b", dims: [1n], dataType: 1, rawData: new Uint8Array(5) }),
    error: "FormatError",
    says: /expects 1 elements/,
  },
  { name: "strings", file: withTensor({ name: "b", dims: [0n], dataType: 8 }), error: "UnsupportedOpError", says: /type STRING/ },
  {
    name: "a function that calls itself",
    file: onnxFile(
      { node: [{ ...node("F", ["x"], ["y"]), domain: "mine" }] },
      { functions: [{ name: "F", domain: "mine", input: ["v"], output: ["w"], node: [{ ...node("F", ["v"], ["w"]), domain: "mine" }] }] },
    ),
    error: "FormatError",
    says: /call each other/,
  },
  {
    name: "two inputs of one name",
    file: onnxFile({ node: [identity], input: [info("x", [2, 3]), info("x", [3, 2])] }),
    error: "FormatError",
    says: /"x" is an input twice/,
  },
  { name: "a graph longer than the file", file: overlong(7), error: "FormatError", says: /not an ONNX file/ },
  {
    name: "functions that multiply",
    file: onnxFile({ node: [{ ...node("F0", ["x"], ["y"]), domain: "mine" }] }, { functions: Array.from({ length: 11 }, (_, level) => doubling(level)) }),
    error: "LimitError",
    says: /limits\.graphNodes/,
  },
  {
    name: "a name of __proto__",
    file: onnxFile({ node: [node("Relu", ["__proto__"], ["y"])] }),
    error: "FormatError",
    says: /"__proto__", which nothing makes/,
  },
  {
    name: "bytes of a file beside that it does not have",
    file: withTensor(externalTensor({ location: "weights.bin", offset: "8", length: "12" })),
    error: "FormatError",
    says: /12 bytes at byte 8 of weights\.bin, which has 12/,
  },
  {
    name: "tensors that share bytes of a file beside",
    file: onnxFile({
      node: [identity],
      initializer: [0, 4, 8].map((offset) => ({ ...externalTensor({ location: "weights.bin", offset: `${offset}` }), name: `b${offset}` })).toReversed(),
    }),
    error: "FormatError",
    says: /"b4" begins at byte 4 of weights\.bin, inside "b0", which ends at 12/,
  },
  {
    name: "another length of bytes than the shape's",
    file: withTensor(externalTensor({ location: "weights.bin", length: "8" })),
    error: "FormatError",
    says: /"b" expects 12 bytes, got 8 at byte 0 of weights\.bin/,
  },
  ...["../secret", "/etc/passwd", "a/b", "..", "", "c:x", "a\\b"].map((location) => ({
    name: `a path of ${JSON.stringify(location)}`,
    file: withTensor(externalTensor({ location })),
    error: "FormatError" as const,
    says: /the name of a file beside the model/,
  })),
];
