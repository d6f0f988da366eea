import { bfloat16ToFloat32, float16ToFloat32 } from "./half.js";

/** Element types in the order in which the reference implementation lays tensors out, widest first. */
export const safetensorsDtypes = ["U64", "I64", "F64", "F32", "U32", "I32", "BF16", "F16", "U16", "I16", "I8", "U8", "BOOL"] as const;

export type SafetensorsDtype = (typeof safetensorsDtypes)[number];

/** What a tensor's elements are held in: `F16` and `BF16` as their 16 bits, `BOOL` as bytes of 0 and 1. */
export type TensorArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array;

interface ArrayType {
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): TensorArray;
  readonly BYTES_PER_ELEMENT: number;
}

/** The array type of each dtype. Elements are little-endian in the file and on every host with WebAssembly. */
export const arrayTypes: Record<SafetensorsDtype, ArrayType> = {
  U64: BigUint64Array,
  I64: BigInt64Array,
  F64: Float64Array,
  F32: Float32Array,
  U32: Uint32Array,
  I32: Int32Array,
  BF16: Uint16Array,
  F16: Uint16Array,
  U16: Uint16Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

export function bytesOf(dtype: SafetensorsDtype): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT;
}

export function isSafetensorsDtype(name: unknown): name is SafetensorsDtype {
  return (safetensorsDtypes as readonly unknown[]).includes(name);
}

/** Elements as float32: exact for F16, BF16, I8, U8, I16, U16 and BOOL, rounded to nearest for wider ones. */
export function toFloat32(dtype: SafetensorsDtype, data: TensorArray): Float32Array<ArrayBuffer> {
  if (dtype === "F32") return new Float32Array(data as Float32Array);
  if (dtype === "F16") return float16ToFloat32(data as Uint16Array);
  if (dtype === "BF16") return bfloat16ToFloat32(data as Uint16Array);
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}
