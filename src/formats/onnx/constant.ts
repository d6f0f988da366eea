import { spend } from "./effort.js";
import { float32ToBfloat16, float32ToFloat16, bfloat16ToFloat32, float16ToFloat32 } from "../safetensors/half.js";
import type { Shape } from "../../core/shape.js";

/**
 * Element types that a graph's tensors can have here. Half floats are held as float32 of the same value; 64-bit integers as
 * float64, exact up to 2^53 (what lies beyond, such as "to the end" in a Slice, keeps its meaning); bool as 0 and 1.
 */
export type ElementType =
  | "float32"
  | "float16"
  | "bfloat16"
  | "float64"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool";

export type Elements = Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

/** A tensor whose numbers are known while the graph is built. */
export interface Constant {
  readonly type: ElementType;
  readonly shape: Shape;
  readonly data: Elements;
}

/** A tensor whose type and shape are known, and whose numbers are read when they are asked for. */
export interface StoredTensor {
  readonly type: ElementType;
  readonly shape: Shape;
  /** @param room for a copy where one is needed: of use to a caller who reads many, one after the other, and is done with each */
  decode(room?: Uint8Array<ArrayBuffer>): Constant;
}

/** A stored tensor of numbers that are there already. */
export const stored = (tensor: Constant): StoredTensor => ({ type: tensor.type, shape: tensor.shape, decode: () => tensor });

const holders: Record<ElementType, new (length: number) => Elements> = {
  float32: Float32Array,
  float16: Float32Array,
  bfloat16: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: Float64Array,
  uint64: Float64Array,
  bool: Uint8Array,
};

export const isFloat = (type: ElementType) => type === "float32" || type === "float16" || type === "bfloat16" || type === "float64";

/** Room for `length` elements of a type. */
export function elementsOf(type: ElementType, length: number): Elements {
  spend(length);
  return new holders[type](length);
}

/**
 * A tensor from numbers in double precision: rounded for half floats, wrapped for integers as C does. What typed arrays
 * do on assignment is right for the rest.
 */
export function constant(type: ElementType, shape: Shape, values: ArrayLike<number>): Constant {
  const data = elementsOf(type, values.length);
  data.set(values);
  if (type === "int64" || type === "uint64") for (let i = 0; i < data.length; i++) data[i] = Math.trunc(data[i]) || 0;
  if (type === "float16") data.set(float16ToFloat32(float32ToFloat16(data as Float32Array)));
  if (type === "bfloat16") data.set(bfloat16ToFloat32(float32ToBfloat16(data as Float32Array)));
  return { type, shape, data };
}

/** Small whole numbers, as shapes, axes and indices are. */
export const integers = (values: readonly number[]): Constant => constant("int64", [values.length], values);
