import { dotAdd, madd } from "../simd";

/** c + a * b through the build's multiply-add; tells at load whether the engine computes it rightly. */
export function relaxed_self_test(a: f32, b: f32, c: f32): f32 {
  return f32x4.extract_lane(madd(f32x4.splat(a), f32x4.splat(b), f32x4.splat(c)), 3);
}

/** c + the sum of products of a lane through the build's integer dot product, of int8 weights `a` and activations `b`. */
export function dot_self_test(a: i32, b: i32, c: i32): i32 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.extract_lane(dotAdd(i8x16.splat(<i8>b), i8x16.splat(<i8>a), i32x4.splat(c)), 3);
  else return i32x4.extract_lane(dotAdd(i16x8.splat(<i16>b), i16x8.splat(<i16>a), i32x4.splat(c)), 3);
}
