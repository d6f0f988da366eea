/** Weights of a TF.js model: groups of tensors that lie one after the other in a few files. */
import { FormatError, LimitError, UnsupportedOpError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import { formatShape, type Shape } from "../../core/shape.js";
import { brief } from "../../core/brief.js";
import { Fields } from "../fields.js";
import { type Constant, constant, type ElementType, type StoredTensor } from "../onnx/constant.js";
import { float16ToFloat32 } from "../safetensors/half.js";

/** How a tensor's numbers are kept. */
interface Encoding {
  readonly bytes: number;
  readonly read: (buffer: ArrayBuffer, offset: number, length: number) => ArrayLike<number>;
}

const encodings = new Map<string, Encoding>([
  ["float32", { bytes: 4, read: (...at) => new Float32Array(...at) }],
  ["int32", { bytes: 4, read: (...at) => new Int32Array(...at) }],
  ["bool", { bytes: 1, read: (...at) => new Uint8Array(...at) }],
  ["uint8", { bytes: 1, read: (...at) => new Uint8Array(...at) }],
  ["uint16", { bytes: 2, read: (...at) => new Uint16Array(...at) }],
  ["float16", { bytes: 2, read: (...at) => float16ToFloat32(new Uint16Array(...at)) }],
]);

/** What numbers are when they are read: whole numbers as ONNX's shape arithmetic wants them. */
const types = new Map<string, ElementType>([
  ["float32", "float32"],
  ["int32", "int64"],
  ["bool", "bool"],
]);

/** One tensor of a group, as the manifest states it. */
interface WeightSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly type: ElementType;
  readonly encoding: Encoding;
  /** What a stored number stands for: value * scale + min. */
  readonly scale: number;
  readonly min: number;
  readonly elements: number;
}

/** The tensors of one group, their bytes in all, and a reader for when those are there. */
export interface WeightGroup {
  readonly bytes: number;
  readonly tensors: (data: Uint8Array) => Map<string, StoredTensor>;
}

/**
 * Checks a group's list of tensors: `{ name, shape, dtype, quantization? }` each.
 *
 * @throws {FormatError | LimitError | UnsupportedOpError}
 * @see tfjs-core `WeightsManifestEntry`, for the scheme of quantised shards
 */
export function readWeightGroup(list: readonly unknown[], file: string): WeightGroup {
  if (list.length > limits.tensors) throw new LimitError(`tfjs: ${list.length} weights, more than limits.tensors ${limits.tensors} (${file})`);
  const specs = list.map((each) => readSpec(new Fields(each, "tfjs: weight", file)));
  const bytes = specs.reduce((sum, { elements, encoding }) => sum + elements * encoding.bytes, 0);
  if (bytes > limits.memoryBytes) throw new LimitError(`tfjs: weights of ${bytes} bytes, more than ${limits.memoryBytes} (${file})`);
  return {
    bytes,
    tensors(data) {
      if (data.length !== bytes) throw new FormatError(`tfjs: the weights expect ${bytes} bytes, got ${data.length} (${file})`);
      const tensors = new Map<string, StoredTensor>();
      let offset = 0;
      for (const spec of specs) {
        if (tensors.has(spec.name)) throw new FormatError(`tfjs: two weights are named "${spec.name}" (${file})`);
        const length = spec.elements * spec.encoding.bytes;
        tensors.set(spec.name, weight(spec, data.subarray(offset, offset + length)));
        offset += length;
      }
      return tensors;
    },
  };
}

function readSpec(fields: Fields): WeightSpec {
  const { file } = fields;
  const name = fields.text("name");
  const spec = new Fields(Object.fromEntries(fields.keys().map((key) => [key, fields.get(key)])), `tfjs: weight "${name}"`, file);
  const dtype = spec.text("dtype");
  const type = types.get(dtype) ?? unsupported(`${spec.where} has elements of type ${dtype}`, file);
  const shape = spec.list("shape") as Shape;
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) spec.fail(`"shape" expects sizes, got [${shape.slice(0, 8).map(brief)}]`);
  const elements = shape.reduce((product, size) => Math.min(product * size, Number.MAX_SAFE_INTEGER), shape.includes(0) ? 0 : 1);
  if (elements > limits.elements) throw new LimitError(`${spec.where} ${formatShape(shape)} has more than ${limits.elements} elements (${file})`);
  const quantization = spec.has("quantization") ? spec.fields("quantization") : undefined;
  const stored = quantization?.text("dtype") ?? dtype;
  const isScaled = stored === "uint8" || stored === "uint16";
  if (quantization && !isScaled && !(stored === "float16" && dtype === "float32")) unsupported(`${spec.where}: quantisation to ${stored}`, file);
  return {
    name,
    shape,
    type,
    elements,
    encoding: encodings.get(stored) as Encoding,
    scale: quantization && isScaled ? quantization.number("scale") : 1,
    min: quantization && isScaled ? quantization.number("min") : 0,
  };
}

function unsupported(message: string, file: string): never {
  throw new UnsupportedOpError(`${message}, which is not supported (${file})`);
}

/** A tensor over its bytes. Float32 that lie on a multiple of 4 bytes are a view of the file's. */
function weight({ shape, type, elements, encoding, scale, min }: WeightSpec, raw: Uint8Array): StoredTensor {
  return {
    type,
    shape,
    decode(): Constant {
      const { buffer, byteOffset } = raw.byteOffset % encoding.bytes === 0 ? raw : new Uint8Array(raw);
      const values = encoding.read(buffer as ArrayBuffer, byteOffset, elements);
      if (scale === 1 && min === 0) return values instanceof Float32Array ? { type, shape, data: values } : constant(type, shape, values);
      const scaled = Float64Array.from(values, (value) => value * scale + min);
      return constant(type, shape, type === "int64" ? scaled.map(Math.round) : scaled);
    },
  };
}
