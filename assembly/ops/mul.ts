import { combineFlat, combineRows, combineSplat, combineStrided } from "../broadcast";

/** y = a * b over vectors begin..end. */
export function mul_f32(y: usize, a: usize, b: usize, begin: i32, end: i32): void {
  combineFlat(true, y, a, b, begin, end);
}

/** y, a [outer, repeat, length], b [outer, length]; rows begin..end of y. */
export function mul_f32_rows(y: usize, a: usize, b: usize, repeat: i32, length: i32, begin: i32, end: i32): void {
  combineRows(true, y, a, b, repeat, length, begin, end);
}

/** y, a [rows, length], b [rows]; rows begin..end. */
export function mul_f32_splat(y: usize, a: usize, b: usize, length: i32, begin: i32, end: i32): void {
  combineSplat(true, y, a, b, length, begin, end);
}

/** y [n0, ..., n5], a and b with element strides, 0 where they stretch; rows begin..end of n5 elements. */
export function mul_f32_strided(
  y: usize, a: usize, b: usize, n1: i32, n2: i32, n3: i32, n4: i32, n5: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, a4: i32, a5: i32, b0: i32, b1: i32, b2: i32, b3: i32, b4: i32, b5: i32, begin: i32, end: i32,
): void {
  combineStrided(true, y, a, b, n1, n2, n3, n4, n5, a0, a1, a2, a3, a4, a5, b0, b1, b2, b3, b4, b5, begin, end);
}
