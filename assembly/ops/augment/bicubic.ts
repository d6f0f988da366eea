/** Keys' cubic convolution with a = -1, as Pillow's Geometry.c has it, in double precision; the places of the four samples are -1, 0, 1, 2. */
// @ts-ignore: decorator
@inline
function cubic(v1: v128, v2: v128, v3: v128, v4: v128, d: v128): v128 {
  const p2 = f64x2.sub(v3, v1);
  const p3 = f64x2.sub(f64x2.add(f64x2.mul(f64x2.splat(2), f64x2.sub(v1, v2)), v3), v4);
  const p4 = f64x2.add(f64x2.sub(f64x2.sub(v2, v1), v3), v4);
  return f64x2.add(v2, f64x2.mul(d, f64x2.add(p2, f64x2.mul(d, f64x2.add(p3, f64x2.mul(d, p4))))));
}

/** Bytes 0 and 1 (or 2 and 3) of the pixel at an address as two doubles. */
// @ts-ignore: decorator
@inline
function doubles(at: usize, second: bool): v128 {
  const lanes = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at)));
  return f64x2.convert_low_i32x4_u(second ? v128.shuffle<i32>(lanes, lanes, 2, 3, 2, 3) : lanes);
}

// @ts-ignore: decorator
@inline
function across(row: usize, c0: usize, c1: usize, c2: usize, c3: usize, d: v128, second: bool): v128 {
  return cubic(doubles(row + c0, second), doubles(row + c1, second), doubles(row + c2, second), doubles(row + c3, second), d);
}

// @ts-ignore: decorator
@inline
function offset(index: i32, size: i32, step: i32): usize {
  return <usize>(min(max(index, 0), size - 1) * step);
}

/**
 * An affine warp as `affine_u8_bilinear`, mixing sixteen pixels: two bytes of a pixel at a time, results clamped and truncated to a byte,
 * edges repeated, for rows begin..end.
 */
export function affine_u8_bicubic(
  y: usize, x: usize, a: f64, b: f64, c: f64, d: f64, e: f64, f: f64,
  fill: u32, width: i32, yStride: i32, xWidth: i32, xHeight: i32, xStride: i32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const to = y + <usize>row * yStride;
    const v = <f64>row + 0.5;
    for (let column = 0; column < width; column++) {
      const u = <f64>column + 0.5;
      const right = a * u + b * v + c;
      const down = d * u + e * v + f;
      if (!(right >= 0 && right < <f64>xWidth && down >= 0 && down < <f64>xHeight)) {
        store<u32>(to + (<usize>column << 2), fill);
        continue;
      }
      const left = floor(right - 0.5), top = floor(down - 0.5);
      const shareX = f64x2.splat(right - 0.5 - left), shareY = f64x2.splat(down - 0.5 - top);
      const i = <i32>left - 1, j = <i32>top - 1;
      const c0 = offset(i, xWidth, 4), c1 = offset(i + 1, xWidth, 4), c2 = offset(i + 2, xWidth, 4), c3 = offset(i + 3, xWidth, 4);
      const r0 = x + offset(j, xHeight, xStride), r1 = x + offset(j + 1, xHeight, xStride);
      const r2 = x + offset(j + 2, xHeight, xStride), r3 = x + offset(j + 3, xHeight, xStride);
      const low = cubic(
        across(r0, c0, c1, c2, c3, shareX, false), across(r1, c0, c1, c2, c3, shareX, false),
        across(r2, c0, c1, c2, c3, shareX, false), across(r3, c0, c1, c2, c3, shareX, false), shareY,
      );
      const high = cubic(
        across(r0, c0, c1, c2, c3, shareX, true), across(r1, c0, c1, c2, c3, shareX, true),
        across(r2, c0, c1, c2, c3, shareX, true), across(r3, c0, c1, c2, c3, shareX, true), shareY,
      );
      const red = i32x4.trunc_sat_f64x2_s_zero(low), blue = i32x4.trunc_sat_f64x2_s_zero(high);
      const words = v128.shuffle<i32>(red, blue, 0, 1, 4, 5);
      const halves = i16x8.narrow_i32x4_s(words, words);
      v128.store_lane<u32>(to + (<usize>column << 2), i8x16.narrow_i16x8_u(halves, halves), 0);
    }
  }
}
