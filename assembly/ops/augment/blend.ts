/** Mixing images pixel by pixel in float32, one rounding an operation (never fused, so every build gives the same bytes). */

/** The four bytes of a pixel as floats. */
// @ts-ignore: decorator
@inline
export function floatsOf(pixel: v128): v128 {
  return f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(pixel)));
}

/** Stores four floats as the bytes of a pixel, cut to whole levels of 0..255. */
// @ts-ignore: decorator
@inline
export function storePixel(to: usize, floats: v128): void {
  const words = i32x4.trunc_sat_f32x4_s(floats);
  const halves = i16x8.narrow_i32x4_s(words, words);
  v128.store_lane<u32>(to, i8x16.narrow_i16x8_u(halves, halves), 0);
}

/** y = a + share * (b - a), clamped and truncated, for rows begin..end: Pillow's Image.blend, also for shares beyond 0..1. */
export function blend_u8(
  y: usize, a: usize, b: usize, share: f32, width: i32, yStride: i32, aStride: i32, bStride: i32, begin: i32, end: i32,
): void {
  const factor = f32x4.splat(share);
  for (let row = begin; row < end; row++) {
    const to = y + <usize>row * yStride, first = a + <usize>row * aStride, second = b + <usize>row * bStride;
    for (let at: usize = 0; at < <usize>width << 2; at += 4) {
      const low = floatsOf(v128.load32_zero(first + at)), high = floatsOf(v128.load32_zero(second + at));
      storePixel(to + at, f32x4.add(low, f32x4.mul(factor, f32x4.sub(high, low))));
    }
  }
}

/** y += share * x for rows begin..end; y: [rows, width, 4] float32 without gaps. */
export function accumulate_u8(y: usize, x: usize, share: f32, width: i32, xStride: i32, begin: i32, end: i32): void {
  const factor = f32x4.splat(share);
  for (let row = begin; row < end; row++) {
    const from = x + <usize>row * xStride, to = y + (<usize>row * width << 4);
    for (let at: usize = 0; at < <usize>width << 2; at += 4) {
      const place = to + (at << 2);
      v128.store(place, f32x4.add(v128.load(place), f32x4.mul(factor, floatsOf(v128.load32_zero(from + at)))));
    }
  }
}

/** y = x clamped to 0..255 and truncated, for rows begin..end; x: [rows, width, 4] float32 without gaps. */
export function truncate_u8(y: usize, x: usize, width: i32, yStride: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const to = y + <usize>row * yStride, from = x + (<usize>row * width << 4);
    for (let at: usize = 0; at < <usize>width << 2; at += 4) storePixel(to + at, v128.load(from + (at << 2)));
  }
}
