import { floatsOf, storePixel } from "./blend";

/** Filters with Pillow's arithmetic. */

/** edge * (left + right) + middle * centre of the row `from`, in the order in which Pillow's Filter.c adds. */
// @ts-ignore: decorator
@inline
function three(from: usize, left: f32, middle: f32): v128 {
  const sides = f32x4.splat(left);
  const sum = f32x4.add(f32x4.mul(floatsOf(v128.load32_zero(from - 4)), sides), f32x4.mul(floatsOf(v128.load32_zero(from)), f32x4.splat(middle)));
  return f32x4.add(sum, f32x4.mul(floatsOf(v128.load32_zero(from + 4)), sides));
}

/**
 * Pillow's ImageFilter.SMOOTH for rows begin..end: 1 for the eight neighbours, 5 for the pixel itself, over 13, in float32 from the row
 * below upwards. The image's border stays. Images are at least 3 pixels wide and high.
 */
export function smooth_u8(y: usize, x: usize, width: i32, height: i32, yStride: i32, xStride: i32, begin: i32, end: i32): void {
  const side: f32 = <f32>1 / 13, centre: f32 = <f32>5 / 13;
  for (let row = begin; row < end; row++) {
    const to = y + <usize>row * yStride, from = x + <usize>row * xStride;
    if (row == 0 || row == height - 1) {
      memory.copy(to, from, <usize>width << 2);
      continue;
    }
    const last = <usize>(width - 1) << 2;
    store<u32>(to, load<u32>(from));
    store<u32>(to + last, load<u32>(from + last));
    for (let at: usize = 4; at < last; at += 4) {
      let sum = f32x4.add(f32x4.splat(0.5), three(from + xStride + at, side, side));
      sum = f32x4.add(sum, three(from + at, side, centre));
      storePixel(to + at, f32x4.add(sum, three(from - xStride + at, side, side)));
    }
  }
}

/**
 * y[row, column] = (weight * sum of the pixels at columns -radius..radius + edge * the two beyond + half) >> 24 for rows begin..end, modulo
 * 2^32: one pass of Pillow's BoxBlur.c. offsets: [width + 2 * radius + 2] byte offsets in a row, those beyond its ends repeated.
 */
export function box_blur_u8(
  y: usize, x: usize, offsets: usize, radius: i32, weight: u32, edge: u32, width: i32, yStride: i32, xStride: i32, begin: i32, end: i32,
): void {
  const inner = i32x4.splat(weight), outer = i32x4.splat(edge), half = i32x4.splat(1 << 23);
  const beyond = <usize>(2 * radius + 2) << 2;
  for (let row = begin; row < end; row++) {
    const to = y + <usize>row * yStride, from = x + <usize>row * xStride;
    for (let column = 0; column < width; column++) {
      const first = offsets + (<usize>column << 2);
      let sum = i32x4.splat(0);
      for (let tap: usize = 4; tap < beyond; tap += 4) sum = i32x4.add(sum, levels(from + load<i32>(first + tap)));
      const ends = i32x4.add(levels(from + load<i32>(first)), levels(from + load<i32>(first + beyond)));
      const scaled = i32x4.add(i32x4.add(i32x4.mul(sum, inner), i32x4.mul(ends, outer)), half);
      const bytes = i32x4.shr_u(scaled, 24);
      const halves = i16x8.narrow_i32x4_s(bytes, bytes);
      v128.store_lane<u32>(to + (<usize>column << 2), i8x16.narrow_i16x8_u(halves, halves), 0);
    }
  }
}

// @ts-ignore: decorator
@inline
function levels(at: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at)));
}
