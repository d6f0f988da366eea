/** The parts of a TFLite file that an inference needs, checked. */
import { FormatError, LimitError, UnsupportedOpError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import { formatShape, type Shape } from "../../core/shape.js";
import { Table } from "./flatbuffer.js";

/** TFLite's numbers of element types. */
export const TensorType = { float32: 0, float16: 1, int32: 2, uint8: 3, int64: 4, bool: 6, int16: 7, int8: 9, float64: 10, uint32: 15, uint16: 16 } as const;

/** value = (stored - zero point) scale, with one pair or one for each index along `axis`. */
export interface Quantization {
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly axis: number;
}

export interface TfliteTensor {
  readonly name: string;
  readonly shape: Shape;
  /** Sizes with -1 where the model leaves them open. */
  readonly signature: readonly number[];
  readonly type: number;
  readonly elements: number;
  /** Of a constant. */
  readonly data?: Uint8Array;
  readonly quantization?: Quantization;
}

export interface TfliteOperator {
  /** Number of the builtin operator; 32 is one of the user's own, `custom`. */
  readonly code: number;
  readonly custom: string;
  /** Numbers of tensors; -1 for an optional one that is absent. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: Table;
}

export interface TfliteModel {
  readonly file: string;
  readonly description: string;
  readonly tensors: readonly TfliteTensor[];
  readonly operators: readonly TfliteOperator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** What tools added, by name. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
}

/** Operators from this one on stand in a field of their own. */
const placeholderCode = 127;
const mostAxes = 8;

/**
 * @throws {FormatError | LimitError | UnsupportedOpError}
 * @see tensorflow/lite/schema/schema.fbs, whose fields these numbers count
 */
export function readTfliteModel(bytes: Uint8Array, file: string): TfliteModel {
  const model = Table.root(bytes, "TFL3", "tflite", file);
  const subgraphs = model.tables(2);
  if (subgraphs.length === 0) throw new FormatError(`tflite: the file has no graph (${file})`);
  const [graph] = subgraphs;
  const buffers = model.tables(4);
  const tensors = graph.tables(0);
  const operators = graph.tables(3);
  if (tensors.length > limits.tensors) throw new LimitError(`tflite: ${tensors.length} tensors, more than limits.tensors ${limits.tensors} (${file})`);
  if (operators.length > limits.graphNodes)
    throw new LimitError(`tflite: ${operators.length} operators, more than limits.graphNodes ${limits.graphNodes} (${file})`);
  const codes = model.tables(1).map((each) => ({ code: Math.max(each.int8(0), each.int32(3)), custom: each.text(1) }));
  const read = tensors.map((each, i) => readTensor(each, i, buffers, file));
  return {
    file,
    description: model.text(3),
    tensors: read,
    operators: operators.map((each): TfliteOperator => {
      const kind = codes[each.uint32(0)];
      if (!kind || kind.code === placeholderCode || kind.code < 0)
        throw new FormatError(`tflite: an operator is of kind ${each.uint32(0)} of ${codes.length} (${file})`);
      return { ...kind, inputs: indices(each.ints(1), read.length, file), outputs: indices(each.ints(2), read.length, file), options: each.table(4) };
    }),
    inputs: indices(graph.ints(1), read.length, file),
    outputs: indices(graph.ints(2), read.length, file),
    metadata: new Map(model.tables(6).map((each) => [each.text(0), buffers[each.uint32(1)]?.data(0) ?? new Uint8Array()])),
  };
}

function indices(values: readonly number[], count: number, file: string): readonly number[] {
  const wrong = values.find((index) => index < -1 || index >= count);
  if (wrong !== undefined) throw new FormatError(`tflite: tensor ${wrong} is asked for, the graph has ${count} (${file})`);
  return values;
}

function readTensor(table: Table, index: number, buffers: readonly Table[], file: string): TfliteTensor {
  const name = table.text(3) || `tensor ${index}`;
  const shape = table.ints(0);
  const where = `tflite: "${name}" ${formatShape(shape.slice(0, mostAxes))}`;
  if (shape.length > mostAxes) throw new UnsupportedOpError(`${where} has ${shape.length} axes, more than ${mostAxes} (${file})`);
  if (shape.some((size) => size < 0)) throw new FormatError(`${where} has a negative size (${file})`);
  const elements = shape.reduce((product, size) => Math.min(product * size, Number.MAX_SAFE_INTEGER), shape.includes(0) ? 0 : 1);
  if (elements > limits.elements) throw new LimitError(`${where} has more than ${limits.elements} elements (${file})`);
  const buffer = buffers[table.uint32(2)];
  if (!buffer && table.uint32(2) !== 0) throw new FormatError(`${where} lies in buffer ${table.uint32(2)} of ${buffers.length} (${file})`);
  if (table.has(6)) throw new UnsupportedOpError(`${where} is sparse, which is not supported (${file})`);
  if (buffer && buffer.uint64(1) > 1n) throw new UnsupportedOpError(`${where} lies behind the tables, which is not supported (${file})`);
  const data = buffer?.data(0);
  const signature = table.ints(7);
  return {
    name,
    shape,
    signature: signature.length === shape.length ? signature : shape,
    type: table.int8(1),
    elements,
    data: data && data.length > 0 ? data : undefined,
    quantization: readQuantization(table.table(4), shape, where, file),
  };
}

function readQuantization(table: Table | undefined, shape: Shape, where: string, file: string): Quantization | undefined {
  const scales = table?.floats(2) ?? [];
  if (!table || scales.length === 0) return undefined;
  if (table.uint8(4) !== 0) throw new UnsupportedOpError(`${where} is quantised by a scheme of its own, which is not supported (${file})`);
  const given = table.longs(3);
  const axis = table.int32(6);
  if (scales.length > 1 && shape[axis] !== scales.length) throw new FormatError(`${where} has ${scales.length} scales along axis ${axis} (${file})`);
  if (scales.some((scale) => !Number.isFinite(scale)) || (given.length > 1 && given.length !== scales.length))
    throw new FormatError(`${where} has scales or zero points that are no such numbers (${file})`);
  return { scales, zeroPoints: scales.map((_, i) => given[given.length === 1 ? 0 : i] ?? 0), axis };
}
