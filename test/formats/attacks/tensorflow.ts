/** TF.js models, TFLite files and archives that their readers must refuse, each made to break one rule. */
import { zipSync } from "fflate";
import { DataError } from "../../../src/core/errors.js";
import type { ForeignFile } from "../../../src/formats/foreign.js";
import { classifier, metadata } from "../tflite/lite-classifier.js";
import { type Field, LiteFile } from "../tflite/lite-file.js";

export interface Attack {
  readonly name: string;
  readonly file: ForeignFile;
  readonly error: "FormatError" | "LimitError" | "UnsupportedOpError";
  readonly message: string;
}

const text = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
type Kind = Attack["error"];
type Json = Record<string, unknown>;

const input = { name: "x", class_name: "InputLayer", config: { name: "x", batch_input_shape: [null, 4, 4, 1] }, inbound_nodes: [] };
const layer = (name: string, class_name: string, config: Json, ...reads: unknown[]) => ({
  name,
  class_name,
  config: { name, ...config },
  inbound_nodes: reads,
});
const from = (name: string, call: unknown = 0, tensor: unknown = 0) => [name, call, tensor, {}];
const functional = (layers: unknown[], outputs: unknown = [["y", 0, 0]], inputs: unknown = [["x", 0, 0]]) => ({
  class_name: "Functional",
  config: { name: "m", layers, input_layers: inputs, output_layers: outputs },
});
const relu = (...reads: unknown[]) => layer("y", "ReLU", {}, ...reads);
const dense = layer("y", "Dense", { units: 1 }, [from("x")]);

/** A folder whose `weights.bin` has `bytes` zeros. */
const tfjs = (
  name: string,
  modelTopology: unknown,
  message: string,
  { error = "FormatError" as Kind, weights = [] as unknown[], paths = ["weights.bin"] as unknown[], bytes = 0, more = {} } = {},
): Attack => ({
  name: `TF.js: ${name}`,
  error,
  message,
  file: {
    name: "model.json",
    bytes: text({ modelTopology, weightsManifest: [{ paths, weights }], ...more }),
    async beside(other) {
      if (other !== "weights.bin") throw new DataError(`there is no ${other}`);
      return new Uint8Array(bytes);
    },
  },
});
const raw = (name: string, json: string | Uint8Array, message: string): Attack => ({
  name: `TF.js: ${name}`,
  error: "FormatError",
  message,
  file: { name: "model.json", bytes: typeof json === "string" ? text(json) : new Uint8Array(json) },
});
const weight = (shape: unknown, more: Json = {}) => ({ name: "y/kernel", shape, dtype: "float32", ...more });
const weights = (name: string, list: unknown[], message: string, error: Kind = "FormatError", bytes = 0) =>
  tfjs(name, functional([input, dense]), message, { weights: list, error, bytes });
const graph = (name: string, node: unknown[], message: string, { error = "FormatError" as Kind, weights = [] as unknown[], bytes = 0, more = {} } = {}) =>
  tfjs(name, { node }, message, { error, weights, bytes, more });
const node = (name: string, op: string, input: unknown[] = [], attr: Json = {}) => ({ name, op, input, attr });
const placeholder = node("x", "Placeholder");

/** Models in models, each of which calls the next one eight times. */
function nested(depth: number): object {
  let inner: object = functional([input, layer("y", "Activation", { activation: "linear" }, [from("x")])]);
  for (let i = 0; i < depth; i++) {
    const calls = Array.from({ length: 8 }, (_, k) => (k === 0 ? [from("x")] : [from("inner", k)]));
    inner = functional([input, { ...inner, name: "inner", inbound_nodes: calls }], [["inner", 8, 0]]);
  }
  return inner;
}

const tfjsAttacks: Attack[] = [
  raw("no JSON", "{", "not JSON"),
  raw("half a file", JSON.stringify({ modelTopology: functional([input, dense]) }).slice(0, 100), "not JSON"),
  raw("broken UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), "not JSON"),
  raw("a list", "[]", "expected an object, got a list of 0"),
  raw("no topology", "{}", "expected an object, got nothing"),
  raw("a topology from the prototype", '{"__proto__":{"modelTopology":{}}}', "expected an object, got nothing"),
  raw(
    "weights without a folder",
    JSON.stringify({ modelTopology: functional([input, dense]), weightsManifest: [{ paths: ["w"], weights: [] }] }),
    'the weights lie in "w"; open the model by its path',
  ),
  ...["../weights.bin", "/etc/passwd", "a/b", "..", ".", "", "C:weights", "a\\b", "a\0b", 7, null].map((path) =>
    tfjs(`a path of ${JSON.stringify(path)}`, functional([input, dense]), "expected the name of a file beside the model", { paths: [path] }),
  ),
  tfjs("a missing shard", functional([input, dense]), 'the weights lie in "shard2": there is no shard2', { paths: ["weights.bin", "shard2"] }),
  tfjs("more bytes than weights", functional([input, dense]), "the weights expect 0 bytes, got 4 up to weights.bin", { bytes: 4 }),
  tfjs("the same shard again and again", functional([input, dense]), "the weights expect 16 bytes, got 24", {
    weights: [weight([4])],
    bytes: 8,
    paths: ["weights.bin", "weights.bin", "weights.bin"],
  }),
  weights("too few bytes", [weight([4])], "the weights expect 16 bytes, got 8", "FormatError", 8),
  weights("huge dimensions", [weight([65536, 65536, 65536])], "has more than", "LimitError"),
  weights("dimensions whose product overflows", [weight([2 ** 31, 2 ** 31, 2 ** 31])], "has more than", "LimitError"),
  weights(
    "many weights of many bytes",
    Array.from({ length: 8 }, (_, i) => ({ ...weight([2 ** 28]), name: String(i) })),
    "weights of 8589934592 bytes",
    "LimitError",
  ),
  weights("a negative dimension", [weight([-4])], '"shape" expects sizes, got [-4]'),
  weights("a dimension that is text", [weight(["4"])], '"shape" expects sizes, got ["4"]'),
  weights("a shape that is none", [weight(4)], '"shape" expects a list, got 4'),
  weights("two weights of a name", [weight([0]), weight([0])], 'two weights are named "y/kernel"'),
  weights("an unknown type", [weight([1], { dtype: "toString" })], "elements of type toString", "UnsupportedOpError"),
  weights("an unknown quantisation", [weight([1], { quantization: { dtype: "uint4", scale: 1, min: 0 } })], "quantisation to uint4", "UnsupportedOpError"),
  weights("a quantisation without a scale", [weight([1], { quantization: { dtype: "uint8", min: 0 } })], '"scale" expects a number, got nothing'),
  weights("no weights", [], 'layer "y" has no weight "kernel"'),
  weights("a weight of __proto__", [{ ...weight([0]), name: "__proto__" }], 'layer "y" has no weight "kernel"'),
  tfjs("no class", {}, '"class_name" expects text, got nothing'),
  tfjs("another class", { class_name: "Subclassed", config: {} }, "expected a Sequential or Functional model, got Subclassed"),
  tfjs("no layers", { class_name: "Sequential", config: { layers: [] } }, "the model has no layers"),
  tfjs("no input's shape", { class_name: "Sequential", config: { layers: [layer("y", "ReLU", {})] } }, "does not say its input's shape"),
  tfjs(
    "a negative input",
    { class_name: "Sequential", config: { layers: [layer("y", "ReLU", { batch_input_shape: [null, -1] })] } },
    "an input's shape is no list of sizes",
  ),
  tfjs("a layer that reads itself", functional([input, relu([from("y")])]), 'layer "y" reads what is made of its own output'),
  tfjs("a circle", functional([input, layer("a", "ReLU", {}, [from("y")]), relu([from("a")])]), "reads what is made of its own output"),
  tfjs("a layer that is not there", functional([input, relu([from("z")])]), '"z" is no layer'),
  tfjs("a layer from the prototype", functional([input, relu([from("__proto__")])]), '"__proto__" is no layer'),
  tfjs("a call that is not there", functional([input, relu([from("x")])], [["y", 7, 0]]), 'layer "y" has no call 7'),
  tfjs("a tensor that is not there", functional([input, relu([from("x")])], [["y", 0, 3]]), 'layer "y" has no output 3 of call 0'),
  tfjs("a negative call", functional([input, relu([from("x", -1)])]), "expected [layer, call, tensor]"),
  tfjs("an output that is no reference", functional([input, relu([from("x")])], [[7]]), "expected [layer, call, tensor]"),
  tfjs("two layers of a name", functional([input, relu([from("x")]), relu([from("x")])]), 'two layers are named "y"'),
  tfjs("a layer that is not known", functional([input, layer("y", "constructor", {}, [from("x")])]), 'layer "y" of type constructor', {
    error: "UnsupportedOpError",
  }),
  tfjs("an activation that is not known", functional([input, layer("y", "Activation", { activation: "valueOf" }, [from("x")])]), 'activation "valueOf"', {
    error: "UnsupportedOpError",
  }),
  tfjs("models in models without end", nested(20), "models are nested more than 16 deep"),
  tfjs("models that multiply", nested(12), "calls of layers", { error: "LimitError" }),
  tfjs(
    "a window without a size",
    functional([input, layer("y", "MaxPooling2D", { pool_size: "2" }, [from("x")])]),
    '"pool_size" expects 2 whole numbers, got "2"',
  ),
  graph("no nodes", [], "the graph has no outputs"),
  graph("a node that is none", [7], "expected an object, got 7"),
  graph("two nodes of a name", [placeholder, placeholder], 'two nodes are named "x"'),
  graph("a circle", [node("a", "Relu", ["b"]), node("b", "Relu", ["a"]), node("c", "Relu", ["a"])], "reads what is made of its own output"),
  graph("a node that is not there", [node("y", "Relu", ["z"])], 'there is no node "z"'),
  graph("an output that a node does not have", [placeholder, node("y", "Relu", ["x:5"])], 'reads output 5 of "x"'),
  graph("a constant without a weight", [node("c", "Const"), node("y", "Relu", ["c"])], 'there is no weight for the constant "c"'),
  graph("an operator that is not known", [placeholder, node("y", "hasOwnProperty", ["x"])], 'node "y" of type hasOwnProperty', { error: "UnsupportedOpError" }),
  graph("an output that is not there", [placeholder, node("y", "Relu", ["x"])], 'there is no node "z"', {
    more: { signature: { outputs: { y: { name: "z:0" } } } },
  }),
  graph("a million outputs of a node", [placeholder, node("y", "Unpack", ["x"], { num: { i: "100000000" } })], "tensors", { error: "LimitError" }),
  graph("axes that are computed", [placeholder, node("y", "Mean", ["x", "x"])], "is computed while the network runs", { error: "UnsupportedOpError" }),
  graph("axes that are a weight", [placeholder, node("c", "Const"), node("y", "Mean", ["x", "c"])], "has shape [5000]", {
    weights: [{ name: "c", shape: [5000], dtype: "int32" }],
    bytes: 20000,
  }),
  graph("negative paddings", [placeholder, node("c", "Const"), node("y", "Pad", ["x", "c"])], "expect sizes of 0 or more", {
    weights: [{ name: "c", shape: [2], dtype: "int32", quantization: { dtype: "uint8", scale: 1, min: -3 } }],
    bytes: 2,
  }),
  graph("an attribute that is no number", [placeholder, node("y", "Unpack", ["x"], { num: { i: "1e3" } })], 'attribute "num" expects a whole number'),
  graph("an attribute that is no base64", [placeholder, node("y", "MirrorPad", ["x", "x"], { mode: { s: "?" } })], "is computed while the network runs", {
    error: "UnsupportedOpError",
  }),
];

const liteFile = (name: string, bytes: Uint8Array, message: string, error: Kind = "FormatError"): Attack => ({
  name: `TFLite: ${name}`,
  error,
  message,
  file: { name: "model.tflite", bytes: new Uint8Array(bytes) },
});
const lite = (name: string, make: (file: LiteFile, x: number) => number[], message: string, error: Kind = "FormatError"): Attack => {
  const file = new LiteFile();
  const x = file.tensor({ shape: [1, 2, 2, 1], name: "x" });
  return liteFile(name, file.bytes([x], make(file, x)), message, error);
};
const small = (() => {
  const file = new LiteFile();
  const x = file.tensor({ shape: [1, 2], name: "x" });
  return file.bytes([x], file.op("RELU", [x]));
})();
const patched = (at: number, value: number) => {
  const bytes = small.slice();
  new DataView(bytes.buffer).setUint32(at, value, true);
  return bytes;
};
const root = new DataView(small.buffer).getUint32(0, true);
const conv: Field[] = [
  ["int8", 0],
  ["int32", 1],
  ["int32", 1],
];

const liteAttacks: Attack[] = [
  liteFile("an empty file", new Uint8Array(0), "expected TFL3 at byte 4"),
  liteFile("another format", text("\x00\x00\x00\x00M001 and so on"), 'expected TFL3 at byte 4, got "M001"'),
  liteFile("nothing but a name", text("\x00\x00\x00\x00TFL3"), "the file has no graph"),
  liteFile("a root outside", patched(0, 0xfffffff0), "the file has"),
  liteFile("a vtable before the file", patched(root, 0x7fffffff), "the file has"),
  liteFile("a vtable behind the file", patched(root, 0x80000000), "the file has"),
  liteFile("half a file", small.slice(0, small.length >> 1), "the file has"),
  lite("no outputs", () => [], "the graph has no outputs"),
  lite("an output that nothing makes", (file) => [file.tensor({ shape: [1], name: "y" })], '"y" is read before anything makes it'),
  lite("an output that is not there", () => [99], "tensor 99 is asked for, the graph has 1"),
  lite("an input that is not there", (file) => file.op("RELU", [99]), "tensor 99 is asked for"),
  lite("a negative input", (file) => file.op("RELU", [-2]), "tensor -2 is asked for"),
  lite("an input that is left out", (file) => file.op("RELU", [-1]), "has no input 0"),
  lite("a circle", (file) => file.op("ADD", [0, 1]), "is read before anything makes it"),
  lite("an operator that is not known", (file, x) => file.op("MINE", [x]), 'operator "mine"', "UnsupportedOpError"),
  lite("a negative size", (file, x) => file.op("ADD", [x, file.tensor({ shape: [-1], data: new Uint8Array(4) })]), "has a negative size"),
  lite(
    "huge dimensions",
    (file, x) => file.op("ADD", [x, file.tensor({ shape: [65536, 65536, 65536], data: new Uint8Array(4) })]),
    "has more than",
    "LimitError",
  ),
  lite(
    "too many axes",
    (file, x) => file.op("ADD", [x, file.tensor({ shape: Array(9).fill(1), data: new Uint8Array(4) })]),
    "has 9 axes",
    "UnsupportedOpError",
  ),
  lite(
    "data that are too short",
    (file, x) => file.op("ADD", [x, file.tensor({ shape: [4], data: new Uint8Array(15), name: "w" })]),
    '"w" [4] expects 16 bytes, got 15',
  ),
  lite(
    "strings",
    (file, x) => file.op("ADD", [x, file.tensor({ shape: [1], type: 5, data: new Uint8Array(4), name: "w" })]),
    "elements of type 5",
    "UnsupportedOpError",
  ),
  lite(
    "scales along an axis of another size",
    (file, x) => file.op("ADD", [x, file.tensor({ shape: [4], type: 9, data: new Uint8Array(4), quantization: { scales: [1, 1, 1], zeroPoints: [0, 0, 0] } })]),
    "has 3 scales along axis 0",
  ),
  lite(
    "a scale that is no number",
    (file, x) => file.op("ADD", [x, file.tensor({ shape: [1], type: 9, data: new Uint8Array(1), quantization: { scales: [Number.NaN], zeroPoints: [0] } })]),
    "scales or zero points that are no such numbers",
  ),
  lite(
    "fewer zero points than scales",
    (file, x) => file.op("ADD", [x, file.tensor({ shape: [3], type: 9, data: new Uint8Array(3), quantization: { scales: [1, 1, 1], zeroPoints: [0, 0] } })]),
    "scales or zero points that are no such numbers",
  ),
  lite("padding of another kind", (file, x) => file.op("CONV_2D", [x, file.floats([1, 1, 1, 1], [1]), -1], [["int8", 7]]), "has padding 7"),
  lite("strides of 0", (file, x) => file.op("CONV_2D", [x, file.floats([1, 1, 1, 1], [1]), -1], [["int8", 0]]), "has strides [0,0]"),
  lite("a filter of two axes", (file, x) => file.op("CONV_2D", [x, file.floats([1, 1], [1]), -1], conv), "expects a filter of 4 axes, got [1,1]"),
  lite("an activation of another kind", (file, x) => file.op("ADD", [x, x], [["int8", 99]]), 'activation "number 99"', "UnsupportedOpError"),
  lite(
    "a million outputs",
    (file, x) =>
      file.op(
        "UNPACK",
        [x],
        [
          ["int32", 100_000_000],
          ["int32", 1],
        ],
      ),
    "tensors",
    "LimitError",
  ),
  lite(
    "constants that share their bytes",
    (file, x) => {
      const data = new Float32Array(2 ** 14);
      return file.op("ADD", [x, ...Array.from({ length: 40 }, () => file.tensor({ shape: [data.length], data }))]);
    },
    "its parts lie over one another",
  ),
  lite("fewer results than outputs", (file, x) => file.op("RELU", [x], [], [[1], [1]]), "has 2 outputs, expected 1"),
];

const zip = (name: string, bytes: Uint8Array, message: string, error: Kind = "FormatError"): Attack => ({
  name: `zip: ${name}`,
  error,
  message,
  file: { name: "model.zip", bytes: new Uint8Array(bytes) },
});
const changed = (entries: Record<string, Uint8Array>, change: (view: DataView, directory: number) => void): Uint8Array => {
  const bytes = zipSync(entries);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  change(view, view.getUint32(bytes.length - 22 + 16, true));
  return bytes;
};
/** Where the second entry of the directory begins, of entries without comments and extra fields. */
const second = (view: DataView, at: number) => at + 46 + view.getUint16(at + 28, true);
const model = { "model.json": text({ modelTopology: {} }) };
const zipAttacks: Attack[] = [
  zip("no archive", text("PK\x03\x04 and nothing else, for longer than its end would be"), "found 0"),
  zip("no model", zipSync({ "a.txt": text("a") }), "found 0"),
  zip("two models", zipSync({ ...model, "a/model.json": text("{}") }), "found 2"),
  zip("a path upwards", zipSync({ "../model.json": text("{}") }), "expected an object, got nothing"),
  zip(
    "a bomb",
    changed({ "model.json": new Uint8Array(2 ** 20) }, (view, at) => view.setUint32(at + 24, 0xf0000000, true)),
    "cannot be unpacked to 4026531840",
  ),
  zip("a folder of __proto__", zipSync({ ["__proto__/model.json"]: text("{}") }), "expected an object, got nothing"),
  zip(
    "a name longer than the directory",
    changed(model, (view, at) => view.setUint16(at + 28, 0xffff, true)),
    "entry 0 ends after the directory",
  ),
  zip(
    "two entries of a name",
    changed({ ...model, "nodel.json": text("{}") }, (view, at) => view.setUint8(second(view, at) + 46, "m".charCodeAt(0))),
    'two entries are named "model.json"',
  ),
  zip(
    "two entries in the same bytes",
    changed({ "a.bin_json": text("{}"), ...model }, (view, at) => view.setUint32(second(view, at) + 42, 0, true)),
    '"model.json" begins at byte 0, inside "a.bin_json"',
  ),
  zip(
    "an entry inside another",
    changed({ ...model, "weights.bin": new Uint8Array(9) }, (view, at) => view.setUint32(second(view, at) + 42, 30 + "model.json".length + 1, true)),
    '"weights.bin" begins at byte 41, inside "model.json"',
  ),
  zip("cut in the middle", zipSync(model).slice(0, 60), "found 0"),
  zip(
    "a size that is too small",
    changed({ "model.json": new Uint8Array(2 ** 16) }, (view, at) => view.setUint32(at + 24, 7, true)),
    "not those that were packed",
  ),
  zip(
    "a size that is too large",
    changed({ "model.json": new Uint8Array(2 ** 16) }, (view, at) => view.setUint32(at + 24, 2 ** 16 + 7, true)),
    "not those that were packed",
  ),
  zip(
    "another checksum",
    changed(model, (view, at) => view.setUint32(at + 16, 7, true)),
    "not those that were packed",
  ),
  zip(
    "another method",
    changed(model, (view, at) => view.setUint16(at + 10, 14, true)),
    "methods other than deflate",
    "UnsupportedOpError",
  ),
  zip(
    "encryption",
    changed(model, (view, at) => view.setUint16(at + 8, 1, true)),
    "encryption",
    "UnsupportedOpError",
  ),
  zip(
    "an entry outside",
    changed(model, (view, at) => view.setUint32(at + 42, 0x7fffffff, true)),
    "does not begin at byte",
  ),
  zip(
    "an entry that ends outside",
    changed(model, (view, at) => view.setUint32(at + 20, 0x7fffffff, true)),
    "after the file's",
  ),
  zip(
    "a directory that is cut off",
    changed(model, (view) => view.setUint16(view.byteLength - 22 + 10, 9, true)),
    "the directory ends after 1 of 9 entries",
  ),
  zip(
    "a directory outside",
    changed(model, (view) => view.setUint32(view.byteLength - 22 + 16, 0x7fffffff, true)),
    "does not fit before byte",
  ),
  zip(
    "sizes of 64 bits",
    changed(model, (view) => view.setUint32(view.byteLength - 22 + 16, 0xffffffff, true)),
    "64-bit",
    "UnsupportedOpError",
  ),
  zip(
    "broken deflate",
    changed({ "model.json": text("a".repeat(1000)) }, (view) => view.setUint32(30 + 10, 0xffffffff, true)),
    "zip",
  ),
];

const labelBomb = changed({ "classes.txt": new Uint8Array(2 ** 16) }, (view, at) => view.setUint32(at + 24, 0x0f000000, true));
const bombs = [liteFile("a bomb of labels", new Uint8Array([...classifier(metadata()), ...labelBomb]), "cannot be unpacked to 251658240")];

export const attacks: readonly Attack[] = [...tfjsAttacks, ...liteAttacks, ...zipAttacks, ...bombs];
