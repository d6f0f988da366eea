import { clearRow, storeLanes } from "../../lanes";
import { madd } from "../../simd";

/**
 * y [outer, count, inner] = weighted sums of rows of x [outer, size, inner]. `table` has, for each i below count, where its taps begin, count + 1 numbers, and
 * then each tap's row of x and weight. Rows begin..end of y.
 */
export function interpolate_f32(y: usize, x: usize, table: usize, size: i32, count: i32, inner: i32, begin: i32, end: i32): void {
  const bytes = <usize>inner << 2, taps = table + (<usize>(count + 1) << 2);
  for (let row = begin; row < end; row++) {
    const place = table + (<usize>(row % count) << 2), from = <i32>load<f32>(place), to = <i32>load<f32>(place, 4);
    const image = x + <usize>(row / count * size) * bytes, target = y + <usize>row * bytes;
    if (from == to) clearRow(target, bytes);
    for (let tap = from; tap < to; tap++) {
      const at = taps + (<usize>tap << 3);
      addScaled(target, image + <usize>(<i32>load<f32>(at)) * bytes, load<f32>(at, 4), tap > from, inner);
    }
  }
}

/** y = weight x, or y + weight x. */
function addScaled(y: usize, x: usize, weight: f32, adds: bool, count: i32): void {
  const factor = f32x4.splat(weight), keep = adds ? i32x4.splat(-1) : i32x4.splat(0);
  for (; count > 0; count -= 4, y += 16, x += 16) storeLanes(y, madd(factor, v128.load(x), v128.and(v128.load(y), keep)), count);
}
