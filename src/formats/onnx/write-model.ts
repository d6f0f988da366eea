/** An ONNX graph as bytes: the other half of read-model.ts. */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  type AttributeProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  type TensorProto,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { float32ToBfloat16, float32ToFloat16 } from "../safetensors/half.js";
import type { Constant, ElementType, StoredTensor } from "./constant.js";
import type { AttributeValue, OnnxModel, OnnxNode, OnnxTensorInfo } from "./read-model.js";

/** The first version of the file's form that has an opset; 8, that of onnx 1.12, for what we make ourselves. */
const irVersion = (opset: number) => (opset >= 21 ? 10n : opset >= 19 ? 9n : 8n);

/** Numbers of the fields that are written piece by piece, so that weights are never copied into one buffer. */
const fields = { modelGraph: 7, graphInitializer: 5, tensorRawData: 9 };

/** A model as chunks of bytes, one after another; tensors are decoded as they are reached. */
export function* writeOnnx(model: OnnxModel): Generator<Uint8Array> {
  yield toBinary(ModelProtoSchema, modelOf(model));
  const graph = toBinary(GraphProtoSchema, graphOf(model));
  const tensors = [...model.initializers].map(([name, tensor]) => ({ tensor, head: toBinary(TensorProtoSchema, headOf(name, tensor)) }));
  const sizes = tensors.map(({ tensor, head }) => head.length + prefixed(rawBytes(tensor)));
  yield lengthPrefix(fields.modelGraph, graph.length + sizes.reduce((sum, size) => sum + prefixed(size), 0));
  yield graph;
  for (const [i, { tensor, head }] of tensors.entries()) {
    yield lengthPrefix(fields.graphInitializer, sizes[i]);
    yield head;
    yield lengthPrefix(fields.tensorRawData, rawBytes(tensor));
    yield rawData(tensor.decode());
  }
}

/** A model as one file. */
export function onnxBytes(model: OnnxModel): Uint8Array {
  const chunks = [...writeOnnx(model)];
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function modelOf({ opset, producer, nodes, metadata }: OnnxModel) {
  const others = new Set(nodes.map(({ op }) => splitName(op).domain).filter((domain) => domain !== ""));
  return create(ModelProtoSchema, {
    irVersion: irVersion(opset),
    producerName: producer,
    opsetImport: [{ domain: "", version: BigInt(opset) }, ...[...others].map((domain) => ({ domain, version: 1n }))],
    metadataProps: [...metadata].map(([key, value]) => ({ key, value })),
  });
}

function graphOf({ nodes, inputs, outputs }: OnnxModel) {
  return create(GraphProtoSchema, { name: "graph", node: nodes.map(nodeOf), input: inputs.map(infoOf), output: outputs.map(infoOf) });
}

function nodeOf({ name, op, inputs, outputs, attributes }: OnnxNode) {
  return create(NodeProtoSchema, {
    name,
    ...splitName(op),
    input: [...inputs],
    output: [...outputs],
    attribute: [...attributes].map(([key, value]) => attributeOf(key, value)),
  });
}

/** `com.microsoft.QLinearAdd` in its two parts. */
function splitName(op: string): { domain: string; opType: string } {
  const dot = op.lastIndexOf(".");
  return { domain: op.slice(0, Math.max(0, dot)), opType: op.slice(dot + 1) };
}

/** Attributes that ONNX declares as floats; a whole number alone does not show it. */
const floatAttributes = new Set(
  "alpha beta bias clip cubic_coeff_a epsilon extrapolation_value gamma lambd max min momentum norm_coefficient ratio scale scales spatial_scale value value_float value_floats".split(
    " ",
  ),
);

function attributeOf(name: string, value: AttributeValue): AttributeProto {
  const isFloat = (number: unknown) => typeof number === "number" && (floatAttributes.has(name) || !Number.isInteger(number));
  if (typeof value === "number")
    return isFloat(value)
      ? create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: Math.fround(value) })
      : create(AttributeProtoSchema, { name, type: AttributeType.INT, i: whole(value) });
  if (typeof value === "string") return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  if ("decode" in value) return create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: tensorOf(value) });
  const values = value as readonly (number | string)[];
  if (values.some((each) => typeof each === "string"))
    return create(AttributeProtoSchema, { name, type: AttributeType.STRINGS, strings: values.map((text) => new TextEncoder().encode(text as string)) });
  const numbers = values as readonly number[];
  return floatAttributes.has(name) || numbers.some(isFloat)
    ? create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: numbers.map(Math.fround) })
    : create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: numbers.map(whole) });
}

/** A size that is left open is a name, or nothing. */
function infoOf({ name, type, shape }: OnnxTensorInfo) {
  const dim = shape?.map((size) => ({
    value:
      typeof size === "number"
        ? { case: "dimValue" as const, value: BigInt(size) }
        : size === undefined
          ? { case: undefined }
          : { case: "dimParam" as const, value: size },
  }));
  const tensorType = { elemType: encodings[type].code, shape: dim && { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: "tensorType", value: tensorType } } });
}

/** What lies beyond stands for "to the end", or to the beginning. */
const largest = 0x7fff_ffff_ffff_ffffn;
const whole = (value: number) => (Math.abs(value) >= Number(largest) ? (value > 0 ? largest : -largest) : BigInt(value));

const encodings: Record<ElementType, { code: DataType; bytes: number; encode?: (data: Constant["data"]) => ArrayBufferView }> = {
  float32: { code: DataType.FLOAT, bytes: 4 },
  float16: { code: DataType.FLOAT16, bytes: 2, encode: (data) => float32ToFloat16(data as Float32Array) },
  bfloat16: { code: DataType.BFLOAT16, bytes: 2, encode: (data) => float32ToBfloat16(data as Float32Array) },
  float64: { code: DataType.DOUBLE, bytes: 8 },
  int8: { code: DataType.INT8, bytes: 1 },
  uint8: { code: DataType.UINT8, bytes: 1 },
  int16: { code: DataType.INT16, bytes: 2 },
  uint16: { code: DataType.UINT16, bytes: 2 },
  int32: { code: DataType.INT32, bytes: 4 },
  uint32: { code: DataType.UINT32, bytes: 4 },
  int64: { code: DataType.INT64, bytes: 8, encode: (data) => BigInt64Array.from(data, whole) },
  uint64: { code: DataType.UINT64, bytes: 8, encode: (data) => BigUint64Array.from(data, BigInt) },
  bool: { code: DataType.BOOL, bytes: 1 },
};

const headOf = (name: string, { type, shape }: StoredTensor) => create(TensorProtoSchema, { name, dataType: encodings[type].code, dims: shape.map(BigInt) });

const tensorOf = (tensor: StoredTensor): TensorProto => ({ ...headOf("", tensor), rawData: rawData(tensor.decode()) });

const rawBytes = ({ type, shape }: StoredTensor) => shape.reduce((size, axis) => size * axis, encodings[type].bytes);

function rawData({ type, data }: Constant): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = encodings[type].encode?.(data) ?? data;
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** What protobuf puts before the bytes of a field: its number with wire type 2, and how many bytes follow. */
const lengthPrefix = (field: number, length: number) => Uint8Array.from([(field << 3) | 2, ...varint(length)]);

const prefixed = (length: number) => 1 + varint(length).length + length;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}
