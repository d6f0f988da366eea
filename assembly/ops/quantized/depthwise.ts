import { storeBytes, storeLanes } from "../../lanes";
import { depthwiseBytesTile } from "../../microkernels-depthwise-bytes";
import { shiftTo } from "../../requantize";
import { operandBytes } from "../../simd";

// Exported functions stay functions: the optimiser would merge the micro-kernels into their only caller, which then spills.
export * from "../../microkernels-depthwise-bytes";

/** Lines of x that one step of `dotAdd` takes: a group. */
const perGroup: i32 = 4 / operandBytes;
const tilePixels: i32 = 4;

/**
 * int8 weights [kh, kw, 1, channels] as [channels / 4][groups][kw][4][perGroup] of operands for `dotAdd`; zeros past the last line
 * and channel. Units are vectors of 4 channels.
 */
export function depthwise_i8_pack(packed: usize, weight: usize, kh: i32, kw: i32, channels: i32, begin: i32, end: i32): void {
  const groups = (kh + perGroup - 1) / perGroup;
  let to = packed + (<usize>(begin * groups * kw) << 4);
  for (let first = begin << 2; first < end << 2; first += 4) {
    for (let group = 0; group < groups; group++) {
      for (let kx = 0; kx < kw; kx++) {
        for (let channel = first; channel < first + 4; channel++) {
          for (let ky = group * perGroup; ky < (group + 1) * perGroup; ky++, to += operandBytes) {
            const value = ky < kh && channel < channels ? load<i8>(weight + <usize>((ky * kw + kx) * channels + channel)) : 0;
            if (operandBytes == 1) store<i8>(to, value);
            else store<i16>(to, value);
          }
        }
      }
    }
  }
}

/**
 * Depthwise convolution of activations x [batch, height, width, channels] of 0..127 with packed int8 weights; pixel (j, i) and tap
 * (ky, kx) read x at (originY + j * strideY + ky * tapY, originX + i * strideX + kx * tapX), `pad` outside. The sums start at
 * `bias` and are stored as requantize.ts says, on `zero`. Units are (chunk of `chunk` x 16 channels, output line).
 *
 * The lines that an output line reads are first interleaved in groups, so that a lane of `dotAdd` has one channel of all of them:
 * `work` holds `columns` such columns a group, a line of `pad`, and a tile of 4 pixels x 4 channels.
 */
export function depthwise_u8(
  y: usize, x: usize, packed: usize, bias: usize, multiplier: usize, work: usize,
  height: i32, width: i32, channels: i32, kh: i32, kw: i32, originY: i32, originX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  batch: i32, outHeight: i32, outWidth: i32, chunk: i32, columns: i32, pad: i32, zero: i32, low: f32, high: f32, floats: i32, begin: i32, end: i32,
): void {
  const groups = (kh + perGroup - 1) / perGroup, pixel = <usize>channels, shift = shiftTo(zero), element = floats ? 2 : 0;
  const column = <usize>chunk << 6, groupStep = <usize>columns * column, outside = work + <usize>groups * groupStep, tile = outside + (<usize>chunk << 4);
  const used = (outWidth - 1) * strideX + (kw - 1) * tapX + 1;
  for (let at = outside; at < tile; at += 16) v128.store(at, i8x16.splat(<i8>pad));
  for (let unit = begin; unit < end; unit++) {
    const part = unit / (batch * outHeight), line = unit - part * batch * outHeight, image = line / outHeight, j = line - image * outHeight;
    const first = part * chunk << 4, many = min(channels - first, chunk << 4), vectors = many >> 2, ragged = many & 3;
    const iy = originY + j * strideY;
    for (let group = 0; group < groups; group++) {
      const ky = group * perGroup, from = x + <usize>(image * height * width * channels + first);
      const to = work + <usize>group * groupStep, lineBytes = <usize>(width * channels);
      const r0 = lineAt(from, lineBytes, outside, iy + ky * tapY, height, true);
      const r1 = lineAt(from, lineBytes, outside, iy + (ky + 1) * tapY, height, ky + 1 < kh);
      const r2 = lineAt(from, lineBytes, outside, iy + (ky + 2) * tapY, height, ky + 2 < kh);
      const r3 = lineAt(from, lineBytes, outside, iy + (ky + 3) * tapY, height, ky + 3 < kh);
      const left = min(max(-originX, 0), used), right = max(min(width - originX, used), left);
      interleave(to, column, left, many, outside, outside, outside, outside, 0, 0, 0, 0);
      const skipped = <isize>(originX + left) * channels;
      interleave(
        to + <usize>left * column, column, right - left, many, start(r0, outside, skipped), start(r1, outside, skipped), start(r2, outside, skipped), start(r3, outside, skipped),
        step(r0, outside, pixel), step(r1, outside, pixel), step(r2, outside, pixel), step(r3, outside, pixel),
      );
      interleave(to + <usize>right * column, column, used - right, many, outside, outside, outside, outside, 0, 0, 0, 0);
    }
    const w = packed + (<usize>((first >> 2) * groups * kw) << 4), init = bias + (<usize>first << 2), scale = multiplier + (<usize>first << 2);
    const to = y + (<usize>(line * outWidth * channels + first) << element);
    for (let i = 0; i < outWidth; i += tilePixels) {
      const from = work + <usize>(i * strideX) * column, at = to + (<usize>(i * channels) << element), count = min(outWidth - i, tilePixels);
      depthwiseBytesTile(kw, tapX, strideX, vectors, from, column, groupStep, groups, w, at, pixel << element, count, init, scale, shift, low, high, floats);
      if (ragged) {
        const done = <usize>vectors << 4;
        depthwiseBytesTile(
          kw, tapX, strideX, 1, from + done, column, groupStep, groups, w + <usize>(vectors * groups * kw << 4), tile, 16, count, init + done, scale + done, shift, low, high, floats,
        );
        for (let t = 0; t < count; t++) {
          const value = v128.load(tile + (<usize>t << 4)), end = at + (<usize>(vectors * 4 + t * channels) << element);
          if (floats) storeLanes(end, value, ragged);
          else storeBytes(end, value, ragged);
        }
      }
    }
  }
}

/** A line of x, or the line of pads where there is none or the kernel has no such tap. */
// @ts-ignore: decorator
@inline
function lineAt(x: usize, line: usize, outside: usize, iy: i32, height: i32, used: bool): usize {
  return used && iy >= 0 && iy < height ? x + <usize>iy * line : outside;
}

// @ts-ignore: decorator
@inline
function start(line: usize, outside: usize, skipped: isize): usize {
  return line == outside ? outside : line + skipped;
}

// @ts-ignore: decorator
@inline
function step(line: usize, outside: usize, pixel: usize): usize {
  return line == outside ? 0 : pixel;
}

/**
 * `columns` pixels of up to four lines side by side as operands for `dotAdd`: for each of `channels` channels 4 bytes in one lane. Pixels
 * lie s0, s1, ... bytes apart. Writes whole vectors of 16 channels, which is what `column` has room for. Two lines are read where operands
 * are int16.
 */
export function interleave(
  to: usize, column: usize, columns: i32, channels: i32, p0: usize, p1: usize, p2: usize, p3: usize, s0: usize, s1: usize, s2: usize, s3: usize,
): void {
  for (; columns > 0; columns--) {
    for (let at: usize = 0, stop = <usize>channels; at < stop; at += 16) {
      const a = v128.load(p0 + at), b = v128.load(p1 + at), out = to + (at << 2);
      const low = v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const high = v128.shuffle<i8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      if (operandBytes == 1) {
        const c = v128.load(p2 + at), d = v128.load(p3 + at);
        const next = v128.shuffle<i8>(c, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const last = v128.shuffle<i8>(c, d, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        v128.store(out, v128.shuffle<i16>(low, next, 0, 8, 1, 9, 2, 10, 3, 11));
        v128.store(out, v128.shuffle<i16>(low, next, 4, 12, 5, 13, 6, 14, 7, 15), 16);
        v128.store(out, v128.shuffle<i16>(high, last, 0, 8, 1, 9, 2, 10, 3, 11), 32);
        v128.store(out, v128.shuffle<i16>(high, last, 4, 12, 5, 13, 6, 14, 7, 15), 48);
      } else {
        v128.store(out, i16x8.extend_low_i8x16_u(low));
        v128.store(out, i16x8.extend_high_i8x16_u(low), 16);
        v128.store(out, i16x8.extend_low_i8x16_u(high), 32);
        v128.store(out, i16x8.extend_high_i8x16_u(high), 48);
      }
    }
    to += column;
    p0 += s0;
    p1 += s1;
    if (operandBytes == 1) {
      p2 += s2;
      p3 += s3;
    }
  }
}
