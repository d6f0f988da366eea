import { madd } from "../simd";

/** c + a * b through the build's multiply-add; tells at load whether the engine computes it rightly. */
export function relaxed_self_test(a: f32, b: f32, c: f32): f32 {
  return f32x4.extract_lane(madd(f32x4.splat(a), f32x4.splat(b), f32x4.splat(c)), 3);
}
