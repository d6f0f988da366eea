/** Element types of tensors in the engine's memory. File formats have their own, wider lists. */
export type Dtype = "float32" | "int32" | "uint8" | "int8";

/** Bytes of one element. */
export const bytesPerElement: Record<Dtype, number> = { float32: 4, int32: 4, uint8: 1, int8: 1 };

/** What the bytes of an activation stand for: real value = (byte - zeroPoint) * scale, bytes 0..127. */
export interface Quantization {
  readonly scale: number;
  readonly zeroPoint: number;
}
