/**
 * Colour changes with the arithmetic of torchvision's tensor kernels for uint8 (transforms/functional_tensor.py): float32,
 * one rounding an operation (never fused, so both builds give the same bytes), truncated back to a byte.
 */

// @ts-ignore: decorator
@inline
function channel(pixels: v128, shift: i32): v128 {
  return f32x4.convert_i32x4_u(v128.and(i32x4.shr_u(pixels, shift), i32x4.splat(255)));
}

/** Four pixels from three vectors of whole floats in 0..255 and the fourth byte of `pixels`. */
// @ts-ignore: decorator
@inline
function join(pixels: v128, red: v128, green: v128, blue: v128): v128 {
  const color = v128.or(i32x4.shl(i32x4.trunc_sat_f32x4_s(green), 8), i32x4.shl(i32x4.trunc_sat_f32x4_s(blue), 16));
  return v128.or(v128.or(i32x4.trunc_sat_f32x4_s(red), color), v128.and(pixels, i32x4.splat(0xff000000)));
}

/** trunc(0.2989 R + 0.587 G + 0.114 B): torchvision's rgb_to_grayscale for tensors. */
// @ts-ignore: decorator
@inline
function grayOf(pixels: v128): v128 {
  const redGreen = f32x4.add(f32x4.mul(f32x4.splat(0.2989), channel(pixels, 0)), f32x4.mul(f32x4.splat(0.587), channel(pixels, 8)));
  return f32x4.trunc(f32x4.add(redGreen, f32x4.mul(f32x4.splat(0.114), channel(pixels, 16))));
}

/** y = gray in all three channels, for rows begin..end. */
export function grayscale_u8(y: usize, x: usize, width: i32, yStride: i32, xStride: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const from = x + <usize>row * xStride;
    const to = y + <usize>row * yStride;
    for (let at: usize = 0; at < <usize>width << 2; at += 16) {
      const pixels = v128.load(from + at);
      const gray = grayOf(pixels);
      v128.store(to + at, join(pixels, gray, gray, gray));
    }
  }
}

/** Sum over the rows begin..end of the gray values (`color` 1) or of the first channel (`color` 0): exact below 2^53. */
export function gray_sum_u8(x: usize, color: i32, width: i32, xStride: i32, begin: i32, end: i32): f64 {
  let sum: f64 = 0;
  for (let row = begin; row < end; row++) {
    const from = x + <usize>row * xStride;
    for (let column = 0; column < width; column++) {
      const pixel = v128.load32_zero(from + (<usize>column << 2));
      sum += <f64>f32x4.extract_lane(color ? grayOf(pixel) : channel(pixel, 0), 0);
    }
  }
  return sum;
}

/** y = clamp(ratio * x + rest * gray(x), 0, 255), `rest` = 1 - ratio, for rows begin..end: adjust_saturation. */
export function saturation_u8(y: usize, x: usize, ratio: f32, rest: f32, width: i32, yStride: i32, xStride: i32, begin: i32, end: i32): void {
  const factor = f32x4.splat(ratio);
  const zero = f32x4.splat(0);
  const full = f32x4.splat(255);
  for (let row = begin; row < end; row++) {
    const from = x + <usize>row * xStride;
    const to = y + <usize>row * yStride;
    for (let at: usize = 0; at < <usize>width << 2; at += 16) {
      const pixels = v128.load(from + at);
      const gray = f32x4.mul(f32x4.splat(rest), grayOf(pixels));
      const red = f32x4.pmin(f32x4.pmax(f32x4.add(f32x4.mul(factor, channel(pixels, 0)), gray), zero), full);
      const green = f32x4.pmin(f32x4.pmax(f32x4.add(f32x4.mul(factor, channel(pixels, 8)), gray), zero), full);
      const blue = f32x4.pmin(f32x4.pmax(f32x4.add(f32x4.mul(factor, channel(pixels, 16)), gray), zero), full);
      v128.store(to + at, join(pixels, red, green, blue));
    }
  }
}

/** Fraction part of each lane, for lanes above -1: Python's `% 1.0` with what torch.fmod and torch.remainder give. */
// @ts-ignore: decorator
@inline
function fraction(x: v128): v128 {
  const rest = f32x4.sub(x, f32x4.trunc(x));
  return f32x4.add(rest, v128.and(f32x4.lt(rest, f32x4.splat(0)), f32x4.splat(1)));
}

// @ts-ignore: decorator
@inline
function where(mask: v128, yes: v128, no: v128): v128 {
  return v128.bitselect(yes, no, mask);
}

/** Turns the hue of every pixel by `turn` (in turns, -0.5..0.5) through HSV, for rows begin..end: adjust_hue. */
export function hue_u8(y: usize, x: usize, turn: f32, width: i32, yStride: i32, xStride: i32, begin: i32, end: i32): void {
  const one = f32x4.splat(1);
  const six = f32x4.splat(6);
  const full = f32x4.splat(255);
  for (let row = begin; row < end; row++) {
    const source = x + <usize>row * xStride;
    const to = y + <usize>row * yStride;
    for (let at: usize = 0; at < <usize>width << 2; at += 16) {
      const pixels = v128.load(source + at);
      const r = f32x4.div(channel(pixels, 0), full);
      const g = f32x4.div(channel(pixels, 8), full);
      const b = f32x4.div(channel(pixels, 16), full);

      const value = f32x4.pmax(f32x4.pmax(r, g), b);
      const least = f32x4.pmin(f32x4.pmin(r, g), b);
      const range = f32x4.sub(value, least);
      const flat = f32x4.eq(value, least);
      const saturation = f32x4.div(range, where(flat, one, value));
      const divisor = where(flat, one, range);
      const fromRed = f32x4.div(f32x4.sub(value, r), divisor);
      const fromGreen = f32x4.div(f32x4.sub(value, g), divisor);
      const fromBlue = f32x4.div(f32x4.sub(value, b), divisor);
      const whenBlue = f32x4.sub(f32x4.add(f32x4.splat(4), fromGreen), fromRed);
      const whenGreen = f32x4.sub(f32x4.add(f32x4.splat(2), fromRed), fromBlue);
      const sector = where(f32x4.eq(value, r), f32x4.sub(fromBlue, fromGreen), where(f32x4.eq(value, g), whenGreen, whenBlue));
      const hue = fraction(f32x4.add(fraction(f32x4.add(f32x4.div(sector, six), one)), f32x4.splat(turn)));

      const turned = f32x4.mul(hue, six);
      const whole = f32x4.floor(turned);
      const part = f32x4.sub(turned, whole);
      const p = f32x4.mul(value, f32x4.sub(one, saturation));
      const q = f32x4.mul(value, f32x4.sub(one, f32x4.mul(saturation, part)));
      const t = f32x4.mul(value, f32x4.sub(one, f32x4.mul(saturation, f32x4.sub(one, part))));
      const is1 = f32x4.eq(whole, one);
      const is2 = f32x4.eq(whole, f32x4.splat(2));
      const is3 = f32x4.eq(whole, f32x4.splat(3));
      const is4 = f32x4.eq(whole, f32x4.splat(4));
      const is5 = f32x4.eq(whole, f32x4.splat(5));
      const red = where(v128.or(is2, is3), p, where(is1, q, where(is4, t, value)));
      const green = where(v128.or(is4, is5), p, where(is3, q, where(v128.or(is1, is2), value, t)));
      const blue = where(is5, q, where(is2, t, where(v128.or(is3, is4), value, p)));
      v128.store(to + at, join(pixels, f32x4.mul(red, full), f32x4.mul(green, full), f32x4.mul(blue, full)));
    }
  }
}
