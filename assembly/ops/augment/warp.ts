/**
 * Affine warps as Pillow's Geometry.c computes them. The matrix [a b c; d e f] takes the centre of an output pixel to the
 * input: x' = a x + b y + c, y' = d x + e y + f. Output pixels whose source lies outside get `fill`.
 */

/** Nearest source pixel, in 16.16 fixed point: a, b, d, e as they are; c and f already moved to the centre of pixel (0, 0). */
export function affine_u8_nearest(
  y: usize, x: usize, a: i32, b: i32, c: i32, d: i32, e: i32, f: i32,
  fill: u32, width: i32, yStride: i32, xWidth: i32, xHeight: i32, xStride: i32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    let across = c + row * b;
    let down = f + row * e;
    const to = y + <usize>row * yStride;
    for (let column = 0; column < width; column++) {
      const sourceColumn = across >> 16;
      const sourceRow = down >> 16;
      const inside = <u32>sourceColumn < <u32>xWidth && <u32>sourceRow < <u32>xHeight;
      store<u32>(to + (<usize>column << 2), inside ? load<u32>(x + <usize>sourceRow * xStride + (<usize>sourceColumn << 2)) : fill);
      across += a;
      down += d;
    }
  }
}

/** Bytes 0 and 1 (or 2 and 3) of a pixel as two doubles. */
// @ts-ignore: decorator
@inline
function doubles(pixel: v128, half: i32): v128 {
  const lanes = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(pixel));
  return f64x2.convert_low_i32x4_u(half ? v128.shuffle<i32>(lanes, lanes, 2, 3, 2, 3) : lanes);
}

// @ts-ignore: decorator
@inline
function between(a: v128, b: v128, share: v128): v128 {
  return f64x2.add(a, f64x2.mul(f64x2.sub(b, a), share));
}

/** Bilinear mix of the four pixels around the source point, in double precision, truncated to a byte; edges repeat. */
export function affine_u8_bilinear(
  y: usize, x: usize, a: f64, b: f64, c: f64, d: f64, e: f64, f: f64,
  fill: u32, width: i32, yStride: i32, xWidth: i32, xHeight: i32, xStride: i32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const to = y + <usize>row * yStride;
    const v = <f64>row + 0.5;
    for (let column = 0; column < width; column++) {
      const u = <f64>column + 0.5;
      const across = a * u + b * v + c;
      const down = d * u + e * v + f;
      if (!(across >= 0 && across < <f64>xWidth && down >= 0 && down < <f64>xHeight)) {
        store<u32>(to + (<usize>column << 2), fill);
        continue;
      }
      const left = floor(across - 0.5);
      const top = floor(down - 0.5);
      const shareX = f64x2.splat(across - 0.5 - left);
      const shareY = f64x2.splat(down - 0.5 - top);
      const column0 = <usize>max(<i32>left, 0) << 2;
      const column1 = <usize>min(<i32>left + 1, xWidth - 1) << 2;
      const row0 = x + <usize>max(<i32>top, 0) * xStride;
      const row1 = x + <usize>min(<i32>top + 1, xHeight - 1) * xStride;
      const p00 = v128.load32_zero(row0 + column0);
      const p01 = v128.load32_zero(row0 + column1);
      const p10 = v128.load32_zero(row1 + column0);
      const p11 = v128.load32_zero(row1 + column1);
      const low = between(between(doubles(p00, 0), doubles(p01, 0), shareX), between(doubles(p10, 0), doubles(p11, 0), shareX), shareY);
      const high = between(between(doubles(p00, 1), doubles(p01, 1), shareX), between(doubles(p10, 1), doubles(p11, 1), shareX), shareY);
      const red = i32x4.trunc_sat_f64x2_u_zero(low);
      const blue = i32x4.trunc_sat_f64x2_u_zero(high);
      const words = v128.shuffle<i32>(red, blue, 0, 1, 4, 5);
      const halves = i16x8.narrow_i32x4_s(words, words);
      v128.store_lane<u32>(to + (<usize>column << 2), i8x16.narrow_i16x8_u(halves, halves), 0);
    }
  }
}
