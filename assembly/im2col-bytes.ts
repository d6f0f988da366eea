import { operandBytes } from "./simd";

/**
 * As `im2col`, of all columns and on bytes: rows of operands for `dotAdd`, int16 where that takes int16, with `pad` where a tap
 * reads outside. Rows are `ldo` bytes apart; up to 31 bytes after a row are overwritten.
 */
export function im2colBytes(
  to: usize, ldo: usize, x: usize, height: i32, width: i32, channels: i32, kh: i32, kw: i32,
  originY: i32, originX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  outHeight: i32, outWidth: i32, pixel: i32, count: i32, pad: i32,
): void {
  // Taps of one row that are neighbours in x are one run of memory.
  const run = tapX == 1 ? kw * channels : channels, perRow = tapX == 1 ? 1 : kw;
  const line = width * channels, imageBytes = <usize>height * line;
  let i = pixel % outWidth, j = pixel / outWidth;
  const image = j / outHeight;
  j -= image * outHeight;
  x += <usize>image * imageBytes;
  for (; count > 0; count--, to += ldo) {
    const x0 = originX + i * strideX, y0 = originY + j * strideY;
    const inside = y0 >= 0 && y0 + (kh - 1) * tapY < height && x0 >= 0 && x0 + (kw - 1) * tapX < width;
    let at = to, row = x + (y0 * line + x0 * channels);
    for (let ky = 0, iy = y0; ky < kh; ky++, iy += tapY, row += tapY * line) {
      let tap = row;
      for (let kx = 0, ix = x0; kx < perRow; kx++, ix += tapX, tap += tapX * channels) {
        if (inside) at = copy(at, tap, run);
        else {
          let low = 0, high = 0;
          if (iy >= 0 && iy < height) {
            if (tapX == 1) {
              low = min(max(-ix, 0), kw) * channels;
              high = max(min(width - ix, kw) * channels, low);
            } else if (ix >= 0 && ix < width) high = run;
          }
          at = fill(at, low, pad);
          at = copy(at, tap + low, high - low);
          at = fill(at, run - high, pad);
        }
      }
    }
    if (++i == outWidth) {
      i = 0;
      if (++j == outHeight) {
        j = 0;
        x += imageBytes;
      }
    }
  }
}

/** Writes `size` operands of `value`, and up to 15 bytes more; gives the end. */
// @ts-ignore: decorator
@inline
function fill(to: usize, size: i32, value: i32): usize {
  const end = to + <usize>(size * operandBytes), values = operandBytes == 1 ? i8x16.splat(<i8>value) : i16x8.splat(<i16>value);
  for (; to < end; to += 16) v128.store(to, values);
  return end;
}

/** Copies `size` bytes as operands, and writes up to 31 bytes more; gives the end. */
// @ts-ignore: decorator
@inline
function copy(to: usize, from: usize, size: i32): usize {
  const end = to + <usize>(size * operandBytes);
  if (operandBytes == 1) for (; to < end; to += 16, from += 16) v128.store(to, v128.load(from));
  else {
    for (; to < end; to += 32, from += 16) {
      const bytes = v128.load(from);
      v128.store(to, i16x8.extend_low_i8x16_u(bytes));
      v128.store(to, i16x8.extend_high_i8x16_u(bytes), 16);
    }
  }
  return end;
}
