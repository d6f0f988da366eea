import { TensorProto_DataLocation as DataLocation, TensorProto_DataType as DataType } from "onnx-buf";
import { FormatError, LimitError, UnsupportedOpError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import { formatShape, type Shape } from "../../core/shape.js";
import { bfloat16ToFloat32, float16ToFloat32 } from "../safetensors/half.js";
import { type Constant, constant, type Elements, type ElementType, type StoredTensor } from "./constant.js";

/** Bytes of a file beside the model, by the name in the model; the caller decides which names may be read. */
export type ExternalData = (location: string) => Uint8Array;

/** Bytes begin to end, that one left out, of a file beside the model. */
export interface Place {
  readonly location: string;
  readonly begin: number;
  readonly end: number;
}

/** What is read of ONNX's `TensorProto`. Our declarations name no type of onnx-buf, whose code is in the package's own files. */
export interface TensorFields {
  readonly dims: readonly bigint[];
  readonly dataType: number;
  readonly dataLocation: number;
  readonly rawData: Uint8Array;
  readonly floatData: readonly number[];
  readonly doubleData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly bigint[];
  readonly uint64Data: readonly bigint[];
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
}

/** How a type's elements are read: `length` of them from a buffer, `offset` bytes in, a multiple of their size. */
interface Encoding {
  readonly type: ElementType;
  readonly bytes: number;
  readonly read: (buffer: ArrayBuffer, offset: number, length: number) => ArrayLike<number>;
}

const encodings: ReadonlyMap<number, Encoding> = new Map([
  [DataType.FLOAT, { type: "float32", bytes: 4, read: (...at) => new Float32Array(...at) }],
  [DataType.UINT8, { type: "uint8", bytes: 1, read: (...at) => new Uint8Array(...at) }],
  [DataType.INT8, { type: "int8", bytes: 1, read: (...at) => new Int8Array(...at) }],
  [DataType.UINT16, { type: "uint16", bytes: 2, read: (...at) => new Uint16Array(...at) }],
  [DataType.INT16, { type: "int16", bytes: 2, read: (...at) => new Int16Array(...at) }],
  [DataType.INT32, { type: "int32", bytes: 4, read: (...at) => new Int32Array(...at) }],
  [DataType.INT64, { type: "int64", bytes: 8, read: (...at) => Float64Array.from(new BigInt64Array(...at), Number) }],
  [DataType.BOOL, { type: "bool", bytes: 1, read: (...at) => new Uint8Array(...at).map((value) => +(value !== 0)) }],
  [DataType.FLOAT16, { type: "float16", bytes: 2, read: (...at) => float16ToFloat32(new Uint16Array(...at)) }],
  [DataType.DOUBLE, { type: "float64", bytes: 8, read: (...at) => new Float64Array(...at) }],
  [DataType.UINT32, { type: "uint32", bytes: 4, read: (...at) => new Uint32Array(...at) }],
  [DataType.UINT64, { type: "uint64", bytes: 8, read: (...at) => Float64Array.from(new BigUint64Array(...at), Number) }],
  [DataType.BFLOAT16, { type: "bfloat16", bytes: 2, read: (...at) => bfloat16ToFloat32(new Uint16Array(...at)) }],
] as [number, Encoding][]);

/** The element type of a number in the file. @throws {UnsupportedOpError} for strings, complex numbers and types below 8 bits */
export function elementType(code: number, name: string, file: string): ElementType {
  const known = encodings.get(code);
  if (!known) throw new UnsupportedOpError(`onnx: "${name}" has elements of type ${DataType[code] ?? code}, which is not supported (${file})`);
  return known.type;
}

function copied(bytes: Uint8Array, room: Uint8Array<ArrayBuffer> | undefined): Uint8Array {
  if (!room || room.length < bytes.length) return new Uint8Array(bytes); // a Buffer slices without copying
  room.set(bytes);
  return room;
}

/** A tensor of the file: checked when the file is read, decoded when it is asked for. */
export class Initializer implements StoredTensor {
  readonly type: ElementType;
  readonly shape: Shape;
  private readonly size: number;

  /** @throws {FormatError | LimitError} where sizes and data do not fit together */
  constructor(
    private readonly tensor: TensorFields,
    readonly name: string,
    private readonly file: string,
    private readonly external?: ExternalData,
  ) {
    this.type = elementType(tensor.dataType, name, file);
    this.shape = tensor.dims.map(Number);
    this.size = this.shape.reduce((size, axis) => {
      if (!(Number.isSafeInteger(axis) && axis >= 0)) throw new FormatError(`onnx: "${name}" has shape ${formatShape(this.shape)} (${file})`);
      if (size * axis > limits.elements) throw new LimitError(`onnx: "${name}" ${formatShape(this.shape)} has more than ${limits.elements} elements (${file})`);
      return size * axis;
    }, 1);
    if (tensor.dataLocation !== DataLocation.EXTERNAL) this.expect(this.given(), this.size);
    else if (!external) throw new FormatError(`onnx: "${name}" lies in another file; open the model by its path or folder (${file})`);
  }

  /** The numbers. Float32 data that lie on a multiple of 4 bytes are a view of the file's, others of their copy. */
  decode(room?: Uint8Array<ArrayBuffer>): Constant {
    const { type, shape, tensor } = this;
    const { read, bytes } = this.encoding();
    const { place } = this;
    const raw = place ? this.externalBytes(place) : tensor.rawData;
    if (raw.length === 0) return constant(type, shape, this.typedData());
    const { buffer, byteOffset } = raw.byteOffset % bytes === 0 ? raw : copied(raw, room);
    const values = read(buffer as ArrayBuffer, byteOffset, this.size);
    return type === "float32" ? { type, shape, data: values as Elements } : constant(type, shape, values);
  }

  private encoding(): Encoding {
    return encodings.get(this.tensor.dataType) as Encoding;
  }

  /** Elements that the tensor brings with it. */
  private given(): number {
    const { rawData } = this.tensor;
    return rawData.length > 0 ? rawData.length / this.encoding().bytes : this.typedData().length;
  }

  private expect(found: number, expected: number): void {
    if (found !== expected)
      throw new FormatError(`onnx: "${this.name}" ${formatShape(this.shape)} expects ${expected} elements of type ${this.type}, got ${found} (${this.file})`);
  }

  /** The field that holds numbers of this type where they are not raw bytes. */
  private typedData(): ArrayLike<number> {
    const { tensor, type } = this;
    switch (type) {
      case "float32":
        return tensor.floatData;
      case "float64":
        return tensor.doubleData;
      case "int64":
        return Float64Array.from(tensor.int64Data, Number);
      case "uint64":
      case "uint32":
        return Float64Array.from(tensor.uint64Data, Number);
      case "float16":
        return float16ToFloat32(Uint16Array.from(tensor.int32Data));
      case "bfloat16":
        return bfloat16ToFloat32(Uint16Array.from(tensor.int32Data));
      default:
        return tensor.int32Data;
    }
  }

  /** Where the numbers lie, if in a file beside the model. @throws {FormatError} for a path, or for another length than the shape's */
  get place(): Place | undefined {
    const { name, file, tensor } = this;
    if (tensor.dataLocation !== DataLocation.EXTERNAL) return undefined;
    const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const location = entries.get("location") ?? "";
    // A name, not a path: nothing in a model decides which folder is read.
    if (!/^[^/\\:\0]+$/.test(location) || location === "." || location === "..")
      throw new FormatError(`onnx: "${name}" lies in ${JSON.stringify(location)}, expected the name of a file beside the model (${file})`);
    const length = this.size * this.encoding().bytes;
    const [begin, stated] = [Number(entries.get("offset") ?? 0), Number(entries.get("length") ?? length)];
    if (stated !== length || !(Number.isSafeInteger(begin) && begin >= 0))
      throw new FormatError(`onnx: "${name}" expects ${length} bytes, got ${stated} at byte ${begin} of ${location} (${file})`);
    return { location, begin, end: begin + length };
  }

  private externalBytes({ location, begin, end }: Place): Uint8Array {
    const all = (this.external as ExternalData)(location);
    if (end > all.length)
      throw new FormatError(`onnx: "${this.name}" expects ${end - begin} bytes at byte ${begin} of ${location}, which has ${all.length} (${this.file})`);
    return all.subarray(begin, end);
  }
}
