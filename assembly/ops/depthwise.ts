import { storeLanes } from "../lanes";
import { depthwiseTile, hasDepthwiseTile } from "../microkernels-depthwise";
import { depthwiseWeightLines, depthwiseWeightTile } from "../microkernels-depthwise-weight";
import { bringLine, clearOutside, pitchOf } from "../ring";
import { clamp, depthwisePixels, depthwiseVectors, madd, zeros } from "../simd";

// Exported functions stay functions: the optimiser would merge the micro-kernels into their only caller, which then spills.
export * from "../microkernels-depthwise";
export * from "../microkernels-depthwise-weight";

/*
 * All kernels here bring the lines of their input that the window covers to a ring in `work` (ring.ts), `chunk` channels at a time,
 * a multiple of 8. What they bring can be normalised on the way: x is then min(max((x - mean) scale + shift, lowX), highX), unless
 * `scale` is 0.
 */

/** Channels that a tile takes in one step, and the bytes between neighbouring taps of their weights. */
// @ts-ignore: decorator
@inline
const stepChannels: i32 = 4 * depthwiseVectors;
// @ts-ignore: decorator
@inline
const tapBytes: usize = 16 * depthwiseVectors;
/** Bytes between the sums of neighbouring taps: 8 channels. */
const sumBytes: usize = 32;

/**
 * Weights w [kh, kw, 1, channels] as [channels / step][kh][kw][step], zeros past the last channel, for tiles of `step` channels;
 * units are 8 channels. `phases` 0 keeps the order of taps. Else they are in the order of the input's gradient: first those that
 * reach pixels 0, phasesY, ... of the padded input, then 1, phasesY + 1, ..., each from the last tap to the first; and so in x.
 */
export function depthwise_f32_pack(
  packed: usize, w: usize, kh: i32, kw: i32, channels: i32, phasesY: i32, phasesX: i32, padY: i32, padX: i32, tapY: i32, tapX: i32, begin: i32, end: i32,
): void {
  let to = packed + (<usize>(begin * kh * kw) << 5);
  for (let channel = begin << 3; channel < end << 3; channel += stepChannels) {
    for (let y = 0; y < kh; y++) {
      for (let x = 0; x < kw; x++) {
        const ky = phasesY ? tapAt(y, kh, phasesY, padY, tapY) : y, kx = phasesX ? tapAt(x, kw, phasesX, padX, tapX) : x;
        const from = w + (<usize>((ky * kw + kx) * channels + channel) << 2);
        for (let c = 0; c < stepChannels; c += 4, to += 16) {
          v128.store(to, f32x4.splat(0));
          if (channels > channel + c) storeLanes(to, v128.load(from + (<usize>c << 2)), channels - channel - c);
        }
      }
    }
  }
}

/** The tap at a place of the order by phases. */
function tapAt(place: i32, taps: i32, phases: i32, pad: i32, step: i32): i32 {
  for (let phase = 0; phase < phases; phase++) {
    for (let k = taps - 1; k >= 0; k--) {
      if ((phase + pad - k * step) % phases == 0 && place-- == 0) return k;
    }
  }
  return 0;
}

/**
 * y[n, j, i, c] = bias[c] + sum over taps of w[ky, kx, c] x[n, originY + j * strideY + ky * tapY, originX + i * strideX + kx * tapX, c],
 * zero outside, bounded to low..high. Units are (chunk, line of y). `work` holds the ring of (kh - 1) * tapY + 1 lines of
 * `padded` pixels and, behind, a step of a strip.
 */
export function depthwise_f32(
  y: usize, x: usize, packed: usize, bias: usize, scale: usize, shift: usize, mean: usize, lowX: f32, highX: f32, work: usize,
  batch: i32, height: i32, width: i32, channels: i32, kh: i32, kw: i32, originY: i32, originX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  outHeight: i32, outWidth: i32, padded: i32, chunk: i32, low: f32, high: f32, begin: i32, end: i32,
): void {
  const pixel = <usize>channels << 2, ringLines = (kh - 1) * tapY + 1, pitch = pitchOf(chunk), line = <usize>padded * pitch, size = <usize>ringLines * line;
  const wLine = <usize>kw * tapBytes, spare = work + size;
  clearOutside(work, pitch, ringLines, padded, originX, width);
  const wStep = <usize>kh * wLine, strip = stripOf(outWidth);
  let next = 0, from = -1;
  for (let unit = begin; unit < end; unit++) {
    const plane = unit / outHeight, j = unit - plane * outHeight, part = plane / batch, image = plane - part * batch;
    const channel = part * chunk, count = min(chunk, channels - channel), vectors = vectorsOf(count), at = <usize>channel << 2;
    const iy = originY + j * strideY, source = x + <usize>(image * height * width) * pixel + at;
    if (plane != from) next = 0;
    from = plane;
    next = max(next, iy);
    for (const stop = min(height, iy + ringLines); next < stop; next++) {
      bringLine(
        work + <usize>(next % ringLines) * line, pitch, source + <usize>(next * width) * pixel, pixel, vectors, padded, originX, width,
        scale ? scale + at : 0, shift + at, mean + at, lowX, highX,
      );
    }
    const firstTap = firstInside(iy, tapY), lines = max(0, min(kh, (height - iy + tapY - 1) / tapY) - firstTap);
    const to = y + <usize>((image * outHeight + j) * outWidth) * pixel + at, w = packed + <usize>(channel / stepChannels) * wStep + <usize>firstTap * wLine;
    for (let i = 0; i < outWidth; i += strip) {
      convolveStrip(
        to + <usize>i * pixel, pixel, min(strip, outWidth - i), count,
        work + <usize>(i * strideX) * pitch, pitch, <usize>((iy + firstTap * tapY) % ringLines) * line, line * tapY, lines, kw, tapX, strideX, size,
        w, wLine, wStep, bias ? bias + at : 0, low, high, spare,
      );
    }
  }
}

/**
 * dx[n, y, x, c] = sum of w[ky, kx, c] dy[n, j, i, c] over taps and pixels of dy with j * strideY - padY + ky * tapY = y, and so in x.
 * Weights are packed by phases, units are (chunk, line of dx). `work` holds the ring of lines [padded] of dy which a line of dx
 * may reach and, behind, a step of a strip.
 */
export function depthwise_f32_backward_x(
  dx: usize, dy: usize, packed: usize, work: usize,
  batch: i32, height: i32, width: i32, channels: i32, kh: i32, kw: i32, padY: i32, padX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  outHeight: i32, outWidth: i32, padded: i32, chunk: i32, begin: i32, end: i32,
): void {
  const pixel = <usize>channels << 2, ringLines = (kh - 1) * tapY / strideY + 1, pitch = pitchOf(chunk), line = <usize>padded * pitch, size = <usize>ringLines * line;
  const wLine = <usize>kw * tapBytes, spare = work + size;
  const stepY = strideY / gcd(strideY, tapY), stepX = strideX / gcd(strideX, tapX), nextY = tapY * stepY / strideY, nextX = tapX * stepX / strideX;
  const origin = floorDiv(padX - (kw - 1) * tapX, strideX), wStep = <usize>kh * wLine;
  const points = (width + strideX - 1) / strideX, strip = stripOf(points);
  clearOutside(work, pitch, ringLines, padded, origin, outWidth);
  let next = 0, from = -1;
  for (let unit = begin; unit < end; unit++) {
    const plane = unit / height, y = unit - plane * height, part = plane / batch, image = plane - part * batch;
    const channel = part * chunk, count = min(chunk, channels - channel), at = <usize>channel << 2;
    const vectors = vectorsOf(count), source = dy + <usize>(image * outHeight * outWidth) * pixel + at;
    const until = min(outHeight, (y + padY) / strideY + 1);
    if (plane != from) next = 0;
    from = plane;
    next = max(next, until - ringLines);
    for (; next < until; next++) {
      bringLine(
        work + <usize>(next % ringLines) * line, pitch, source + <usize>(next * outWidth) * pixel, pixel, vectors, padded, origin, outWidth, 0, 0, 0, 0, 0,
      );
    }
    let wY = 0;
    for (let phase = 0; phase < y % strideY; phase++) wY += tapsOf(lastTap(phase + padY, kh, strideY, tapY), stepY);
    const lastY = lastTap(y + padY, kh, strideY, tapY), j = (y + padY - lastY * tapY) / strideY;
    const firstTap = firstInside(j, nextY), lines = max(0, min(tapsOf(lastY, stepY), (outHeight - j + nextY - 1) / nextY) - firstTap);
    const w = packed + <usize>(channel / stepChannels) * wStep + <usize>(wY + firstTap) * wLine;
    for (let i = 0; i < points; i += strip) {
      for (let phase = 0, wX = 0; phase < strideX; phase++) {
        const lastX = lastTap(phase + padX, kw, strideX, tapX), taps = tapsOf(lastX, stepX);
        const column = i + (lastX < 0 ? 0 : (phase + padX - lastX * tapX) / strideX - origin), left = (width - phase + strideX - 1) / strideX - i;
        if (left > 0) {
          convolveStrip(
            dx + <usize>((image * height + y) * width + phase + i * strideX) * pixel + at, pixel * strideX, min(strip, left), count,
            work + <usize>column * pitch, pitch, <usize>((j + firstTap * nextY) % ringLines) * line, line * nextY, lines, taps, nextX, 1, size,
            w + <usize>wX * tapBytes, wLine, wStep, 0, -Infinity, Infinity, spare,
          );
        }
        wX += taps;
      }
    }
  }
}

/**
 * Pixels that go together: short lines tile by tile through all channels, so that output goes to memory in order. Along lines of 8
 * tiles and more weights stay in registers' reach and more stores that miss the caches are under way at a time.
 */
function stripOf(pixels: i32): i32 {
  return pixels < 8 * depthwisePixels ? depthwisePixels : pixels;
}

// @ts-ignore: decorator
@inline
function vectorsOf(channels: i32): i32 {
  return (channels + 3) >> 2;
}

/** The first of lines y, y + step, ... that is not negative, counted. */
// @ts-ignore: decorator
@inline
function firstInside(y: i32, step: i32): i32 {
  return y < 0 ? (-y + step - 1) / step : 0;
}

function floorDiv(a: i32, b: i32): i32 {
  const quotient = a / b;
  return quotient * b > a ? quotient - 1 : quotient;
}

function gcd(a: i32, b: i32): i32 {
  while (b) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/** The last tap that reaches pixel `at` of the padded input, -1 for none; the others lie `stride / gcd(stride, step)` below each other. */
function lastTap(at: i32, taps: i32, stride: i32, step: i32): i32 {
  for (let k = taps - 1; k >= 0; k--) if ((at - k * step) % stride == 0) return k;
  return -1;
}

/** How many taps reach the pixels of a phase. */
// @ts-ignore: decorator
@inline
function tapsOf(last: i32, step: i32): i32 {
  return last < 0 ? 0 : last / step + 1;
}

/**
 * A strip of output pixels from a ring of `size` bytes, whose first line of taps starts at `at`; the others follow `line` bytes
 * on. `spare` holds one step of them, where channels end inside it.
 */
function convolveStrip(
  y: usize, yPixel: usize, pixels: i32, channels: i32, ring: usize, pitch: usize, at: usize, line: usize, lines: i32, taps: i32, tapX: i32, strideX: i32, size: usize,
  w: usize, wLine: usize, wStep: usize, bias: usize, low: f32, high: f32, spare: usize,
): void {
  const whole = channels & ~(stepChannels - 1), rest = channels - whole;
  if (whole) stepsOf(y, yPixel, pixels, whole, ring, pitch, at, line, lines, taps, tapX, strideX, size, w, wLine, wStep, bias, low, high);
  if (!rest) return;
  const done = <usize>whole << 2;
  stepsOf(
    spare, tapBytes, pixels, rest, ring + done, pitch, at, line, lines, taps, tapX, strideX, size,
    w + <usize>(whole / stepChannels) * wStep, wLine, wStep, bias ? bias + done : 0, low, high,
  );
  for (let to = y + done; pixels > 0; pixels--, to += yPixel, spare += tapBytes) {
    storeLanes(to, v128.load(spare), rest);
    if (rest > 4) storeLanes(to + 16, v128.load(spare, 16), rest - 4);
  }
}

function stepsOf(
  y: usize, yPixel: usize, pixels: i32, channels: i32, ring: usize, pitch: usize, at: usize, line: usize, lines: i32, taps: i32, tapX: i32, strideX: i32, size: usize,
  w: usize, wLine: usize, wStep: usize, bias: usize, low: f32, high: f32,
): void {
  const init = bias ? bias : zeros, initStep: usize = bias ? tapBytes : 0, end = ring + size;
  if (tapX == 1 && hasDepthwiseTile(taps, strideX)) {
    const bounded = low > -Infinity || high < Infinity;
    depthwiseTile(taps, strideX, channels, pixels, ring + at, pitch, line, lines, end, size, w, wLine, wStep, y, yPixel, init, initStep, bounded, low, high);
    return;
  }
  for (let step = 0; step * stepChannels < channels; step++) {
    for (let v: usize = 0; v < tapBytes; v += 16) {
      const from = <usize>step * tapBytes + v;
      anyTaps(
        pixels, ring + at + from, line, lines, end + from, size, taps, <usize>tapX * pitch, <usize>strideX * pitch, w + <usize>step * wStep + v, wLine,
        y + from, yPixel, init + <usize>step * initStep + v, low, high,
      );
    }
  }
}

/** What depthwiseTile does, 4 channels and any taps and strides. */
function anyTaps(
  pixels: i32, x: usize, line: usize, lines: i32, end: usize, size: usize, taps: i32, tap: usize, stride: usize, w: usize, wLine: usize,
  y: usize, yPixel: usize, bias: usize, low: f32, high: f32,
): void {
  for (; pixels > 0; pixels--, x += stride, y += yPixel) {
    let sum = v128.load(bias), row = x, weights = w;
    for (let left = lines; left > 0; left--) {
      for (let k = 0; k < taps; k++) sum = madd(v128.load(row + <usize>k * tap), v128.load(weights + <usize>k * tapBytes), sum);
      row += line;
      if (row >= end) row -= size;
      weights += wLine;
    }
    v128.store(y, clamp(sum, f32x4.splat(low), f32x4.splat(high)));
  }
}

/**
 * dw[ky, kx, 0, c] = sum over pixels of dy[n, j, i, c] x[n, originY + j * strideY + ky * tapY, originX + i * strideX + kx * tapX, c],
 * line by line in order. Units are vectors of 4 channels. `work` holds the ring of (kh - 1) * tapY + 1 lines [padded] of x and,
 * behind, sums [chunk / 8][kh * kw][8].
 */
export function depthwise_f32_backward_weight(
  dw: usize, x: usize, dy: usize, scale: usize, shift: usize, mean: usize, lowX: f32, highX: f32, work: usize,
  batch: i32, height: i32, width: i32, channels: i32, kh: i32, kw: i32, originY: i32, originX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  outHeight: i32, outWidth: i32, padded: i32, chunk: i32, begin: i32, end: i32,
): void {
  const pixel = <usize>channels << 2, ringLines = (kh - 1) * tapY + 1, pitch = pitchOf(chunk), line = <usize>padded * pitch, size = <usize>ringLines * line;
  const sums = work + size, sumsStep = <usize>(kh * kw) * sumBytes;
  const most = tapX == 1 ? depthwiseWeightLines(kw, strideX) : 0;
  clearOutside(work, pitch, ringLines, padded, originX, width);
  for (let unit = begin; unit < end; unit += chunk >> 2) {
    const vectors = min(chunk >> 2, end - unit), at = <usize>unit << 4;
    memory.fill(sums, 0, <usize>((vectors + 1) >> 1) * sumsStep);
    for (let image = 0; image < batch; image++) {
      let next = 0;
      for (let j = 0; j < outHeight; j++) {
        const iy = originY + j * strideY;
        next = max(next, iy);
        for (const stop = min(height, iy + ringLines); next < stop; next++) {
          bringLine(
            work + <usize>(next % ringLines) * line, pitch, x + <usize>((image * height + next) * width) * pixel + at, pixel, vectors, padded, originX, width,
            scale ? scale + at : 0, shift + at, mean + at, lowX, highX,
          );
        }
        const d = dy + <usize>((image * outHeight + j) * outWidth) * pixel + at, stopTap = min(kh, (height - iy + tapY - 1) / tapY);
        for (let ky = firstInside(iy, tapY); ky < stopTap; ) {
          const rows = min(stopTap - ky, most), from = iy + ky * tapY;
          const x0 = work + <usize>(from % ringLines) * line, x1 = work + <usize>((from + tapY) % ringLines) * line, x2 = work + <usize>((from + 2 * tapY) % ringLines) * line;
          for (let vector = 0; vector < vectors; vector += depthwiseVectors) {
            const bytes = <usize>vector << 4, acc = sums + <usize>(vector >> 1) * sumsStep + <usize>(ky * kw) * sumBytes + (bytes & 16);
            if (rows > 0) depthwiseWeightTile(kw, rows, strideX, acc, d + bytes, pixel, outWidth, pitch, x0 + bytes, x1 + bytes, x2 + bytes);
            else for (let kx = 0; kx < kw; kx++) {
              for (let v: usize = bytes; v < bytes + (<usize>depthwiseVectors << 4); v += 16) {
                oneTap(acc + <usize>kx * sumBytes + v - bytes, d + v, pixel, outWidth, x0 + <usize>(kx * tapX) * pitch + v, <usize>strideX * pitch);
              }
            }
          }
          ky += max(rows, 1);
        }
      }
    }
    for (let tap = 0; tap < kh * kw; tap++) {
      for (let vector = 0; vector < vectors; vector++) {
        const channel = unit + vector << 2, from = sums + <usize>(vector >> 1) * sumsStep + <usize>tap * sumBytes + (<usize>(vector & 1) << 4);
        storeLanes(dw + (<usize>(tap * channels + channel) << 2), v128.load(from), channels - channel);
      }
    }
  }
}

/** acc += sum over a line of output pixels of dy x, for any tap and stride. */
function oneTap(acc: usize, dy: usize, dyPixel: usize, pixels: i32, x: usize, stride: usize): void {
  let sum = v128.load(acc);
  for (; pixels > 0; pixels--, dy += dyPixel, x += stride) sum = madd(v128.load(dy), v128.load(x), sum);
  v128.store(acc, sum);
}
