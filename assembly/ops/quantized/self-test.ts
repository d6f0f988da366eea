import { dotAdd } from "../../simd";

/** c + the sum of products of a lane through the build's integer dot product, of int8 weights `a` and activations `b`. */
export function dot_self_test(a: i32, b: i32, c: i32): i32 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.extract_lane(dotAdd(i8x16.splat(<i8>b), i8x16.splat(<i8>a), i32x4.splat(c)), 3);
  else return i32x4.extract_lane(dotAdd(i16x8.splat(<i16>b), i16x8.splat(<i16>a), i32x4.splat(c)), 3);
}
