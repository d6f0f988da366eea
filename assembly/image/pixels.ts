/** Moving pixels. Inside the image engine every pixel is 4 bytes (R, G, B and one that rides along), so that four fill a vector. */

/** y = x with 1 (gray, repeated), 3 or 4 bytes a pixel, made 4 bytes a pixel, for pixels begin..end; both without gaps. */
export function unpack_u8(y: usize, x: usize, channels: i32, begin: i32, end: i32): void {
  for (let pixel = begin; pixel < end; pixel++) {
    const from = x + <usize>pixel * channels;
    const red = <u32>load<u8>(from);
    let value = red * 0x00010101;
    if (channels >= 3) value = red | (<u32>load<u8>(from, 1) << 8) | (<u32>load<u8>(from, 2) << 16);
    value |= channels == 4 ? <u32>load<u8>(from, 3) << 24 : 0xff000000;
    store<u32>(y + (<usize>pixel << 2), value);
  }
}

/** y = the first 1, 3 or 4 bytes of each pixel of x for rows begin..end; y has no gaps. */
export function pack_u8(y: usize, x: usize, channels: i32, width: i32, xStride: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    let from = x + <usize>row * xStride;
    let to = y + <usize>row * width * channels;
    for (let column = 0; column < width; column++) {
      const pixel = load<u32>(from);
      store<u8>(to, <u8>pixel);
      if (channels >= 3) {
        store<u8>(to, <u8>(pixel >> 8), 1);
        store<u8>(to, <u8>(pixel >> 16), 2);
      }
      if (channels == 4) store<u8>(to, <u8>(pixel >> 24), 3);
      from += 4;
      to += channels;
    }
  }
}

/**
 * y[row, column] = the pixel at byte rows[row] + columns[column] of x, or `fill` where either entry is negative, for rows
 * begin..end. Crop, flip, quarter turns, every padding mode and nearest resizing are this with different tables (int32).
 */
export function gather_u8(y: usize, x: usize, rows: usize, columns: usize, fill: u32, width: i32, yStride: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const down = load<i32>(rows + (<usize>row << 2));
    const to = y + <usize>row * yStride;
    for (let column = 0; column < width; column++) {
      const across = load<i32>(columns + (<usize>column << 2));
      const pixel = (down | across) < 0 ? fill : load<u32>(x + down + across);
      store<u32>(to + (<usize>column << 2), pixel);
    }
  }
}

/** y = (19595 R + 38470 G + 7471 B + 32768) >> 16 in all three channels, for rows begin..end: Pillow's convert("L"). */
export function luma_u8(y: usize, x: usize, width: i32, yStride: i32, xStride: i32, begin: i32, end: i32): void {
  const byte = i32x4.splat(255);
  for (let row = begin; row < end; row++) {
    const from = x + <usize>row * xStride;
    const to = y + <usize>row * yStride;
    for (let at: usize = 0; at < <usize>width << 2; at += 16) {
      const pixels = v128.load(from + at);
      const red = i32x4.mul(v128.and(pixels, byte), i32x4.splat(19595));
      const green = i32x4.mul(v128.and(i32x4.shr_u(pixels, 8), byte), i32x4.splat(38470));
      const blue = i32x4.mul(v128.and(i32x4.shr_u(pixels, 16), byte), i32x4.splat(7471));
      const sum = i32x4.add(i32x4.add(red, green), i32x4.add(blue, i32x4.splat(32768)));
      const gray = i32x4.mul(i32x4.shr_u(sum, 16), i32x4.splat(0x00010101));
      v128.store(to + at, v128.or(gray, v128.and(pixels, i32x4.splat(0xff000000))));
    }
  }
}

/** y = x with the columns of rows begin..end in reverse; rows of y are multiples of 16 bytes. */
export function mirror_u8(y: usize, x: usize, width: i32, yStride: i32, xStride: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const to = y + <usize>row * yStride;
    // The last vector reads up to three pixels before the row; they become what lies after y's.
    let from = x + <usize>row * xStride + (<usize>width << 2) - 16;
    for (let at: usize = 0; at < <usize>width << 2; at += 16) {
      v128.store(to + at, v128.shuffle<u32>(v128.load(from), v128.load(from), 3, 2, 1, 0));
      from -= 16;
    }
  }
}

/** float32((float32(bytes * scale) - mean) / std) of four bytes, given as int32; the product is a double before it is rounded. */
// @ts-ignore: decorator
@inline
function normalized(bytes: v128, scale: v128, mean: v128, std: v128): v128 {
  const low = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.convert_low_i32x4_u(bytes), scale));
  const high = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.convert_low_i32x4_u(v128.shuffle<u32>(bytes, bytes, 2, 3, 2, 3)), scale));
  return f32x4.div(f32x4.sub(v128.shuffle<u32>(low, high, 0, 1, 4, 5), mean), std);
}

/** Indices for a swizzle that brings four bytes of a vector to four int32: those above 15 give 0. */
// @ts-ignore: decorator
@inline
function places(a: i32, b: i32, c: i32, d: i32): v128 {
  return v128.or(i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(a), 1, b), 2, c), 3, d), i32x4.splat(-256));
}

/**
 * y[row, column, c] = (byte source[c] of x * scale - mean[c]) / std[c] for rows begin..end, each step rounded to float32: bytes to
 * floats in the model's channel order. y has 1 or 3 channels and no gaps. parameters: [2, 12] float32, mean and std of the channels
 * in turn, for four pixels; `order` holds the source bytes, the first channel's in the low byte.
 */
export function normalize_u8(
  y: usize, x: usize, parameters: usize, scale: f64, order: u32,
  channels: i32, width: i32, xStride: i32, begin: i32, end: i32,
): void {
  const red: i32 = order & 255;
  const green: i32 = order >> 8 & 255;
  const blue: i32 = order >> 16;
  const factor = f64x2.splat(scale);
  const gray = channels == 1;
  const first = gray ? places(red, red + 4, red + 8, red + 12) : places(red, green, blue, red + 4);
  const second = places(green + 4, blue + 4, red + 8, green + 8);
  const third = places(blue + 8, red + 12, green + 12, blue + 12);
  for (let row = begin; row < end; row++) {
    let from = x + <usize>row * xStride;
    let to = y + (<usize>row * width * channels << 2);
    const stop = from + (<usize>width << 2);
    for (; from + 16 <= stop; from += 16) {
      const pixels = v128.load(from);
      v128.store(to, normalized(i8x16.swizzle(pixels, first), factor, v128.load(parameters), v128.load(parameters, 48)));
      if (!gray) {
        v128.store(to, normalized(i8x16.swizzle(pixels, second), factor, v128.load(parameters, 16), v128.load(parameters, 64)), 16);
        v128.store(to, normalized(i8x16.swizzle(pixels, third), factor, v128.load(parameters, 32), v128.load(parameters, 80)), 32);
      }
      to += <usize>channels << 4;
    }
    for (; from < stop; from += 4) {
      for (let channel = 0; channel < channels; channel++) {
        const byte = <f64>load<u8>(from + (order >> (channel << 3) & 255));
        const at = parameters + (<usize>channel << 2);
        store<f32>(to, (<f32>(byte * scale) - load<f32>(at)) / load<f32>(at, 48));
        to += 4;
      }
    }
  }
}
