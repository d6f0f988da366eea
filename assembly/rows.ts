/** What softmax and cross-entropy do to one row of `columns` floats. */
import { firstLanes, storeLanes } from "./lanes";
import { exp } from "./math";
import { sumLanes } from "./simd";

/** Largest element; a NaN is passed over. */
export function rowMax(x: usize, columns: i32): f32 {
  let best = f32x4.splat(-Infinity);
  for (; columns > 0; columns -= 4, x += 16) best = f32x4.pmax(best, v128.bitselect(v128.load(x), best, firstLanes(columns)));
  best = f32x4.pmax(best, v128.shuffle<i32>(best, best, 2, 3, 0, 1));
  return max(f32x4.extract_lane(best, 0), f32x4.extract_lane(best, 1));
}

/** y = exp(x - shift); gives the sum. */
export function rowExp(y: usize, x: usize, shift: f32, columns: i32): f32 {
  const s = f32x4.splat(shift);
  let sum = f32x4.splat(0);
  for (; columns > 0; columns -= 4, x += 16, y += 16) {
    const e = v128.and(exp(f32x4.sub(v128.load(x), s)), firstLanes(columns));
    storeLanes(y, e, columns);
    sum = f32x4.add(sum, e);
  }
  return sumLanes(sum);
}
