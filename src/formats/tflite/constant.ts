import { FormatError, UnsupportedOpError } from "../../core/errors.js";
import { type Constant, constant, type ElementType, type StoredTensor } from "../onnx/constant.js";
import { float16ToFloat32 } from "../safetensors/half.js";
import { dequantized } from "../tensorflow/stored.js";
import { TensorType, type TfliteTensor } from "./schema.js";

interface Encoding {
  readonly name: string;
  readonly bytes: number;
  /** What the numbers are in ONNX where they are not quantised: whole numbers as its shape arithmetic wants them. */
  readonly type: ElementType;
  readonly read: (buffer: ArrayBuffer, offset: number, length: number) => ArrayLike<number>;
}

const encodings = new Map<number, Encoding>([
  [TensorType.float32, { name: "float32", bytes: 4, type: "float32", read: (...at) => new Float32Array(...at) }],
  [TensorType.float16, { name: "float16", bytes: 2, type: "float32", read: (...at) => float16ToFloat32(new Uint16Array(...at)) }],
  [TensorType.float64, { name: "float64", bytes: 8, type: "float32", read: (...at) => new Float64Array(...at) }],
  [TensorType.int8, { name: "int8", bytes: 1, type: "int64", read: (...at) => new Int8Array(...at) }],
  [TensorType.uint8, { name: "uint8", bytes: 1, type: "int64", read: (...at) => new Uint8Array(...at) }],
  [TensorType.int16, { name: "int16", bytes: 2, type: "int64", read: (...at) => new Int16Array(...at) }],
  [TensorType.uint16, { name: "uint16", bytes: 2, type: "int64", read: (...at) => new Uint16Array(...at) }],
  [TensorType.int32, { name: "int32", bytes: 4, type: "int64", read: (...at) => new Int32Array(...at) }],
  [TensorType.uint32, { name: "uint32", bytes: 4, type: "int64", read: (...at) => new Uint32Array(...at) }],
  [TensorType.int64, { name: "int64", bytes: 8, type: "int64", read: (...at) => Float64Array.from(new BigInt64Array(...at), Number) }],
  [TensorType.bool, { name: "bool", bytes: 1, type: "bool", read: (...at) => new Uint8Array(...at) }],
]);

function encodingOf({ name, type }: TfliteTensor, file: string): Encoding {
  const encoding = encodings.get(type);
  if (!encoding) throw new UnsupportedOpError(`tflite: "${name}" has elements of type ${type}, which is not supported (${file})`);
  return encoding;
}

/** What a tensor's numbers are in the ONNX graph: those that are quantised stand for float32. */
export const typeOf = (tensor: TfliteTensor, file: string): ElementType => (tensor.quantization ? "float32" : encodingOf(tensor, file).type);

/** Bytes that a constant's data have. */
export const bytesOf = (tensor: TfliteTensor, file: string): number => tensor.elements * encodingOf(tensor, file).bytes;

/** A constant, decoded and dequantised when it is asked for. @throws {FormatError} where data and shape do not fit together */
export function constantOf(tensor: TfliteTensor, file: string): StoredTensor {
  const { name, shape, elements, quantization } = tensor;
  const { bytes, type, read } = encodingOf(tensor, file);
  const data = tensor.data ?? new Uint8Array();
  if (data.length !== elements * bytes) throw new FormatError(`tflite: "${name}" [${shape}] expects ${elements * bytes} bytes, got ${data.length} (${file})`);
  const numbers = () => {
    const { buffer, byteOffset } = data.byteOffset % bytes === 0 ? data : new Uint8Array(data);
    return read(buffer as ArrayBuffer, byteOffset, elements);
  };
  if (quantization && type !== "float32") return dequantized(shape, numbers, quantization);
  const decode = (): Constant => {
    const values = numbers();
    return values instanceof Float32Array ? { type, shape, data: values } : constant(type, shape, values);
  };
  return { type, shape, decode };
}
