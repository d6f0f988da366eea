/**
 * Separable resampling of 8-bit images as Pillow's Resample.c does it: coefficients in fixed point with 22 fraction bits,
 * columns first, an 8-bit image in between. An image is rows of 4-byte pixels; a row starts every `stride` bytes, strides of
 * results are multiples of 16. The tables are made by src/data/transforms/resample.ts.
 */

/** Fraction bits of a coefficient: 32 less 8 of the pixel less 2 of head room (Pillow's PRECISION_BITS). */
const fractionBits: i32 = 22;

/** Four 22-bit fixed-point sums as four bytes of the low lane: shift, then saturate to 0..255. */
// @ts-ignore: decorator
@inline
function clip8(sum: v128): v128 {
  const words = i16x8.narrow_i32x4_s(i32x4.shr_s(sum, fractionBits), i32x4.shr_s(sum, fractionBits));
  return i8x16.narrow_i16x8_u(words, words);
}

/**
 * y[row, column] = clip8(sum over taps of x[row, first + tap] * coefficient[tap]) for rows begin..end.
 * bounds: [width] pairs (byte offset of the first tap in a row, number of taps, a multiple of 4); coefficients: [width, taps]
 * int32, zero after the last real tap, so that up to three pixels after a row are read and count for nothing.
 */
export function resize_u8_columns(
  y: usize, x: usize, bounds: usize, coefficients: usize,
  width: i32, taps: i32, yStride: i32, xStride: i32, begin: i32, end: i32,
): void {
  const half = i32x4.splat(1 << (fractionBits - 1));
  for (let row = begin; row < end; row++) {
    const source = x + <usize>row * xStride;
    let to = y + <usize>row * yStride;
    let bound = bounds;
    let table = coefficients;
    for (let column = 0; column < width; column++) {
      let from = source + load<i32>(bound);
      let k = table;
      const stop = table + (<usize>load<i32>(bound, 4) << 2);
      let sum = half;
      for (; k < stop; k += 16, from += 16) {
        const pixels = v128.load(from);
        const low = i16x8.extend_low_i8x16_u(pixels);
        const high = i16x8.extend_high_i8x16_u(pixels);
        sum = i32x4.add(sum, i32x4.mul(i32x4.extend_low_i16x8_u(low), v128.load32_splat(k)));
        sum = i32x4.add(sum, i32x4.mul(i32x4.extend_high_i16x8_u(low), v128.load32_splat(k, 4)));
        sum = i32x4.add(sum, i32x4.mul(i32x4.extend_low_i16x8_u(high), v128.load32_splat(k, 8)));
        sum = i32x4.add(sum, i32x4.mul(i32x4.extend_high_i16x8_u(high), v128.load32_splat(k, 12)));
      }
      v128.store_lane<u32>(to, clip8(sum), 0);
      to += 4;
      bound += 8;
      table += <usize>taps << 2;
    }
  }
}

/**
 * y[row, :] = clip8(sum over taps of x[first + tap, :] * coefficient[row, tap]) for rows begin..end, four pixels at a time:
 * writes up to the next multiple of 16 bytes of each row.
 * bounds: [height] pairs (first row, number of taps); coefficients: [height, taps] int32.
 */
export function resize_u8_rows(
  y: usize, x: usize, bounds: usize, coefficients: usize,
  width: i32, taps: i32, yStride: i32, xStride: i32, begin: i32, end: i32,
): void {
  const half = i32x4.splat(1 << (fractionBits - 1));
  for (let row = begin; row < end; row++) {
    const source = x + <usize>load<i32>(bounds + (<usize>row << 3)) * xStride;
    const count = load<i32>(bounds + (<usize>row << 3), 4);
    const table = coefficients + (<usize>row * taps << 2);
    const to = y + <usize>row * yStride;
    for (let at: usize = 0; at < <usize>width << 2; at += 16) {
      let from = source + at;
      let a = half;
      let b = half;
      let c = half;
      let d = half;
      for (let k = table, stop = table + (<usize>count << 2); k < stop; k += 4) {
        const pixels = v128.load(from);
        const low = i16x8.extend_low_i8x16_u(pixels);
        const high = i16x8.extend_high_i8x16_u(pixels);
        const factor = v128.load32_splat(k);
        a = i32x4.add(a, i32x4.mul(i32x4.extend_low_i16x8_u(low), factor));
        b = i32x4.add(b, i32x4.mul(i32x4.extend_high_i16x8_u(low), factor));
        c = i32x4.add(c, i32x4.mul(i32x4.extend_low_i16x8_u(high), factor));
        d = i32x4.add(d, i32x4.mul(i32x4.extend_high_i16x8_u(high), factor));
        from += xStride;
      }
      const low = i16x8.narrow_i32x4_s(i32x4.shr_s(a, fractionBits), i32x4.shr_s(b, fractionBits));
      const high = i16x8.narrow_i32x4_s(i32x4.shr_s(c, fractionBits), i32x4.shr_s(d, fractionBits));
      v128.store(to + at, i8x16.narrow_i16x8_u(low, high));
    }
  }
}
