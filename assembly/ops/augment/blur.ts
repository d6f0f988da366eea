/** Gaussian blur in two float32 passes; the image between them has 16 bytes (four floats) a pixel. */

/**
 * y[row, column] = sum over taps of x[row, offsets[column + tap]] * weights[tap] for rows begin..end; y: [rows, width, 4] float32.
 * offsets: [width + taps - 1] byte offsets in a row, reflected at its ends; line: scratch for that many pixels of 16 bytes,
 * one for each thread.
 */
export function blur_u8_columns(
  y: usize, x: usize, line: usize, offsets: usize, weights: usize, taps: i32, width: i32, xStride: i32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const source = x + <usize>row * xStride;
    for (let column = 0; column < width + taps - 1; column++) {
      const pixel = v128.load32_zero(source + load<i32>(offsets + (<usize>column << 2)));
      v128.store(line + (<usize>column << 4), f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(pixel))));
    }
    const to = y + (<usize>row * width << 4);
    for (let column = 0; column < width; column++) {
      let sum = f32x4.splat(0);
      let from = line + (<usize>column << 4);
      for (let k = weights, stop = weights + (<usize>taps << 2); k < stop; k += 4, from += 16) {
        sum = f32x4.add(sum, f32x4.mul(v128.load(from), v128.load32_splat(k)));
      }
      v128.store(to + (<usize>column << 4), sum);
    }
  }
}

/** y[row, column] = round(sum over taps of x[rows[row + tap], column] * weights[tap]), half to even, for rows begin..end; rows: [height + taps - 1] rows of x. */
export function blur_u8_rows(y: usize, x: usize, rows: usize, weights: usize, taps: i32, width: i32, yStride: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const to = y + <usize>row * yStride;
    for (let column = 0; column < width; column++) {
      const source = x + (<usize>column << 4);
      let sum = f32x4.splat(0);
      for (let tap = 0; tap < taps; tap++) {
        const from = source + (<usize>load<i32>(rows + (<usize>(row + tap) << 2)) * width << 4);
        sum = f32x4.add(sum, f32x4.mul(v128.load(from), v128.load32_splat(weights + (<usize>tap << 2))));
      }
      const words = i32x4.trunc_sat_f32x4_s(f32x4.nearest(sum));
      const halves = i16x8.narrow_i32x4_s(words, words);
      v128.store_lane<u32>(to + (<usize>column << 2), i8x16.narrow_i16x8_u(halves, halves), 0);
    }
  }
}
