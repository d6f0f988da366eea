/** What softmax and cross-entropy do to one row of `columns` floats. */
import { firstLanes, storeLanes } from "./lanes";
import { exp } from "./math";
import { sumLanes } from "./simd";

/** Largest element; a NaN is passed over. */
export function rowMax(x: usize, columns: i32): f32 {
  let best = f32x4.splat(-Infinity), other = best;
  for (; columns >= 8; columns -= 8, x += 32) {
    best = f32x4.pmax(best, v128.load(x));
    other = f32x4.pmax(other, v128.load(x, 16));
  }
  best = f32x4.pmax(best, other);
  for (; columns > 0; columns -= 4, x += 16) best = f32x4.pmax(best, v128.bitselect(v128.load(x), best, firstLanes(columns)));
  best = f32x4.pmax(best, v128.shuffle<i32>(best, best, 2, 3, 0, 1));
  return max(f32x4.extract_lane(best, 0), f32x4.extract_lane(best, 1));
}

/** y = exp(x - shift), nowhere where y is 0; gives the sum. */
export function rowExp(y: usize, x: usize, shift: f32, columns: i32): f32 {
  const s = f32x4.splat(shift), stores = y != 0;
  let sum = f32x4.splat(0);
  for (; columns >= 4; columns -= 4, x += 16, y += 16) {
    const e = exp(f32x4.sub(v128.load(x), s));
    if (stores) v128.store(y, e);
    sum = f32x4.add(sum, e);
  }
  if (columns > 0) {
    const e = v128.and(exp(f32x4.sub(v128.load(x), s)), firstLanes(columns));
    if (stores) storeLanes(y, e, columns);
    sum = f32x4.add(sum, e);
  }
  return sumLanes(sum);
}
