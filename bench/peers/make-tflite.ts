/**
 * Writes the networks of `make-models.py` as float32 TFLite files, batch 1, for @litertjs/core.
 *
 * tsx bench/peers/make-tflite.ts [names...]
 *
 * Field and enum numbers are those of TensorFlow Lite's published schema, version 3
 * (https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs).
 */
import { readdirSync, writeFileSync } from "node:fs";
import { load } from "./load.js";
import { modelFile, type Network, type Operation, type Padding, paddingMode, readNetwork, shapesOf } from "./network.js";

/** What is used of the `flatbuffers` package. */
interface Builder {
  startVector(elementBytes: number, count: number, alignment: number): void;
  endVector(): number;
  addInt32(value: number): void;
  addOffset(value: number): void;
  createString(text: string): number;
  startObject(fields: number): void;
  addFieldInt8(field: number, value: number, fallback: number): void;
  addFieldInt32(field: number, value: number, fallback: number): void;
  addFieldOffset(field: number, value: number, fallback: number): void;
  endObject(): number;
  finish(root: number, identifier: string): void;
  asUint8Array(): Uint8Array;
  readonly bb: { bytes(): Uint8Array; setPosition(at: number): void };
  space: number;
}

const codes = {
  add: 0,
  concat: 2,
  conv: 3,
  depthwise: 4,
  dense: 9,
  sigmoid: 14,
  maxPool: 17,
  mul: 18,
  relu: 19,
  relu6: 21,
  flatten: 22,
  pad: 34,
  mean: 40,
  hardSwish: 117,
};
const clamps = { none: 0, relu: 1, relu6: 3 };
const float32 = 0;
const int32 = 2;
const valid = 1;

/** A field of a table: number, and a byte, an int32 or the offset of something written before. */
type Field = readonly [field: number, kind: "byte" | "int" | "offset", value: number];

class Writer {
  private readonly codes: number[] = [];
  private readonly buffers: number[];
  private readonly tensors: number[] = [];
  private readonly operators: number[] = [];
  private readonly ids = new Map<string, number>();

  constructor(private readonly builder: Builder) {
    this.buffers = [this.table([])]; // the first is empty by convention
  }

  table(fields: readonly Field[]): number {
    this.builder.startObject(1 + Math.max(-1, ...fields.map(([field]) => field)));
    for (const [field, kind, value] of fields) {
      if (kind === "byte") this.builder.addFieldInt8(field, value, 0);
      else if (kind === "int") this.builder.addFieldInt32(field, value, 0);
      else this.builder.addFieldOffset(field, value, 0);
    }
    return this.builder.endObject();
  }

  private vector(values: readonly number[], add: "addInt32" | "addOffset"): number {
    this.builder.startVector(4, values.length, 4);
    for (const value of [...values].reverse()) this.builder[add](value);
    return this.builder.endVector();
  }

  /** Data of a constant, 16-byte aligned as the schema demands. */
  private buffer(data: Uint8Array): number {
    const { builder } = this;
    builder.startVector(1, data.length, 16);
    builder.space -= data.length;
    builder.bb.setPosition(builder.space);
    builder.bb.bytes().set(data, builder.space);
    this.buffers.push(this.table([[0, "offset", builder.endVector()]]));
    return this.buffers.length - 1;
  }

  tensor(name: string, shape: readonly number[], data?: Float32Array | Int32Array): number {
    const buffer = data ? this.buffer(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) : 0;
    const fields: Field[] = [
      [0, "offset", this.vector(shape, "addInt32")],
      [3, "offset", this.builder.createString(name)],
    ];
    this.tensors.push(this.table([...fields, [1, "byte", data instanceof Int32Array ? int32 : float32], [2, "int", buffer]]));
    this.ids.set(name, this.tensors.length - 1);
    return this.tensors.length - 1;
  }

  id(name: string): number {
    return this.ids.get(name) as number;
  }

  /** `options`: number in the schema's union of options, and their fields. */
  operator(code: number, inputs: readonly number[], output: number, options?: readonly [type: number, fields: readonly Field[]]): void {
    if (!this.codes.includes(code)) this.codes.push(code);
    const fields: Field[] = [
      [1, "offset", this.vector(inputs, "addInt32")],
      [2, "offset", this.vector([output], "addInt32")],
    ];
    if (options) fields.push([3, "byte", options[0]], [4, "offset", this.table(options[1])]);
    this.operators.push(this.table([[0, "int", this.codes.indexOf(code)], ...fields]));
  }

  finish(input: number, output: number): Uint8Array {
    const { builder } = this;
    const opcodes = this.codes.map((code) =>
      this.table([
        [0, "byte", code],
        [2, "int", 1],
        [3, "int", code],
      ]),
    );
    const graph = this.table([
      [0, "offset", this.vector(this.tensors, "addOffset")],
      [1, "offset", this.vector([input], "addInt32")],
      [2, "offset", this.vector([output], "addInt32")],
      [3, "offset", this.vector(this.operators, "addOffset")],
    ]);
    const model: Field[] = [
      [1, "offset", this.vector(opcodes, "addOffset")],
      [2, "offset", this.vector([graph], "addOffset")],
      [4, "offset", this.vector(this.buffers, "addOffset")],
    ];
    builder.finish(this.table([[0, "int", 3], ...model]), "TFL3");
    return builder.asUint8Array();
  }
}

export async function tflite(network: Network): Promise<Uint8Array> {
  const { Builder } = await load<{ Builder: new (bytes: number) => Builder }>("flatbuffers");
  const writer = new Writer(new Builder(1 << 20));
  const shapes = shapesOf(network, 1);
  const input = writer.tensor("x", shapes.get("x") as number[]);
  for (const node of network.nodes) write(writer, network, node, shapes);
  return writer.finish(input, writer.id(network.output));
}

function write(writer: Writer, network: Network, node: Operation, shapes: ReadonlyMap<string, readonly number[]>): void {
  const inputs = node.x.map((name) => writer.id(name));
  const shape = shapes.get(node.y) as readonly number[];
  const from = shapes.get(node.x[0]) as readonly number[];
  const constant = (name: string, data: Float32Array | Int32Array, size: readonly number[]) => writer.tensor(`${node.y}/${name}`, size, data);
  /** The input and the padding's code. A padded copy where TensorFlow has no name for the padding: XNNPACK folds it away. */
  const windowed = (kernel: readonly number[], stride: readonly [number, number], padding: Padding): [number, number] => {
    const mode = paddingMode({ kernel, stride, padding }, from, shape);
    if (mode !== "explicit") return [inputs[0], mode === "same" ? 0 : valid];
    const [top, bottom, left, right] = padding;
    const y = writer.tensor(`${node.y}/padded`, [1, from[1] + top + bottom, from[2] + left + right, from[3]]);
    writer.operator(codes.pad, [inputs[0], constant("padding", Int32Array.of(0, 0, top, bottom, left, right, 0, 0), [4, 2])], y, [22, []]);
    return [y, valid];
  };
  switch (node.op) {
    case "conv":
    case "depthwise": {
      const [kh, kw] = node.weight.shape;
      const [x, mode] = windowed(node.weight.shape, node.stride, node.padding);
      const data = network.read(node.weight);
      const depthwise = node.op === "depthwise";
      const channels = node.weight.shape[3];
      const weight = depthwise
        ? constant("weight", data, [1, kh, kw, shape[3]])
        : constant("weight", transposed(data, channels), [channels, kh, kw, node.weight.shape[2]]);
      const bias = constant("bias", network.read(node.bias), node.bias.shape);
      const y = writer.tensor(node.y, shape);
      const common: Field[] = [
        [0, "byte", mode],
        [1, "int", node.stride[1]],
        [2, "int", node.stride[0]],
      ];
      const clamp = clamps[node.activation];
      const rest: Field[] = depthwise
        ? [
            [3, "int", 1],
            [4, "byte", clamp],
            [5, "int", 1],
            [6, "int", 1],
          ]
        : [
            [3, "byte", clamp],
            [4, "int", 1],
            [5, "int", 1],
          ];
      writer.operator(codes[node.op], [x, weight, bias], y, [depthwise ? 2 : 1, [...common, ...rest]]);
      return;
    }
    case "dense": {
      const [features, classes] = node.weight.shape;
      const weight = constant("weight", transposed(network.read(node.weight), classes), [classes, features]);
      const bias = constant("bias", network.read(node.bias), node.bias.shape);
      writer.operator(codes.dense, [...inputs, weight, bias], writer.tensor(node.y, shape), [8, [[0, "byte", clamps[node.activation]]]]);
      return;
    }
    case "maxPool": {
      // Zeros may stand for minus infinity, because every pool here follows a ReLU.
      const [x, mode] = windowed(node.kernel, node.stride, node.padding);
      const fields: Field[] = [
        [0, "byte", mode],
        [1, "int", node.stride[1]],
        [2, "int", node.stride[0]],
        [3, "int", node.kernel[1]],
        [4, "int", node.kernel[0]],
      ];
      writer.operator(codes.maxPool, [x], writer.tensor(node.y, shape), [5, fields]);
      return;
    }
    case "hardSigmoid": {
      const shifted = writer.tensor(`${node.y}/shifted`, shape);
      writer.operator(codes.add, [...inputs, constant("three", Float32Array.of(3), [])], shifted, [11, [[0, "byte", clamps.relu6]]]);
      writer.operator(codes.mul, [shifted, constant("sixth", Float32Array.of(1 / 6), [])], writer.tensor(node.y, shape), [21, []]);
      return;
    }
    case "mean":
      writer.operator(codes.mean, [...inputs, constant("axes", Int32Array.of(1, 2), [2])], writer.tensor(node.y, shape), [27, [[0, "byte", 1]]]);
      return;
    case "flatten":
      writer.operator(codes.flatten, [...inputs, constant("shape", Int32Array.from(shape), [2])], writer.tensor(node.y, shape));
      return;
    case "add":
      writer.operator(codes.add, inputs, writer.tensor(node.y, shape), [11, [[0, "byte", clamps[node.activation]]]]);
      return;
    case "mul":
      writer.operator(codes.mul, inputs, writer.tensor(node.y, shape), [21, []]);
      return;
    case "concat":
      writer.operator(codes.concat, inputs, writer.tensor(node.y, shape), [10, [[0, "int", 3]]]);
      return;
    default:
      writer.operator(codes[node.op], inputs, writer.tensor(node.y, shape));
  }
}

/** [rows, columns] to [columns, rows]. */
function transposed(data: Float32Array, columns: number): Float32Array {
  const rows = data.length / columns;
  return Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
}

if (process.argv[1]?.endsWith("make-tflite.ts")) {
  const found = readdirSync(modelFile("")).filter((file) => file.endsWith(".json"));
  const names = process.argv.length > 2 ? process.argv.slice(2) : found.map((file) => file.slice(0, -5));
  for (const name of names) writeFileSync(modelFile(`${name}.tflite`), await tflite(readNetwork(name)));
}
