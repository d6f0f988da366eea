import { ArgumentError } from "../../core/errors.js";

/** An embedding, and its length as a vector. */
export interface Direction {
  readonly values: Float32Array;
  readonly norm: number;
}

/** @throws {ArgumentError} for an empty embedding, or one with a number that is not finite */
export function directionOf(values: Float32Array): Direction {
  const norm = Math.sqrt(dot(values, values));
  if (values.length === 0 || !Number.isFinite(norm)) throw new ArgumentError(`embedding: expected finite numbers, got ${values.length} with length ${norm}`);
  return { values, norm };
}

/** Sum of products of the elements from `begin` to `end`, in double precision: four chains, which an engine computes side by side. */
export function dot(a: Float32Array, b: Float32Array, begin = 0, end = a.length): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  let i = begin;
  for (; i + 3 < end; i += 4) {
    s += a[i] * b[i];
    t += a[i + 1] * b[i + 1];
    u += a[i + 2] * b[i + 2];
    v += a[i + 3] * b[i + 3];
  }
  for (; i < end; i++) s += a[i] * b[i];
  return s + t + (u + v);
}

/** Cosine of the angle between two embeddings, -1 to 1; 0 where one is all zeros. */
export function cosine(a: Direction, b: Direction): number {
  const product = a.norm * b.norm;
  return product > 0 ? Math.max(-1, Math.min(1, dot(a.values, b.values) / product)) : 0;
}
