import { storeLanes } from "../lanes";
import { depthwiseTile, hasDepthwiseTile } from "../microkernels-depthwise";
import { depthwiseWeightLines, depthwiseWeightTile } from "../microkernels-depthwise-weight";
import { bringLine, clearOutside, pitchOf } from "../ring";
import { clamp, depthwisePixels, depthwiseVectors, madd, zeros } from "../simd";

// Exported functions stay functions: the optimiser would merge the micro-kernels into their only caller, which then spills.
export * from "../microkernels-depthwise";
export * from "../microkernels-depthwise-weight";

/*
 * Lines of the input go to a ring in `work` (ring.ts), `chunk` channels at a time, a multiple of 8: all of a line for a weight's gradient
 * or where they are normalised on the way, else only what tiles over an edge read: tiles inside read in place. Normalised, x is
 * min(max((x - mean) scale + shift, lowX), highX), unless `scale` is 0.
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
 * zero outside, bounded to low..high. Units are (chunk, line of y). `work` holds kh addresses of lines
 * thrice, a tile of `chunk` channels and the ring of (kh - 1) * tapY + 1 lines.
 */
export function depthwise_f32(
  y: usize, x: usize, packed: usize, bias: usize, scale: usize, shift: usize, mean: usize, lowX: f32, highX: f32, work: usize,
  batch: i32, height: i32, width: i32, channels: i32, kh: i32, kw: i32, originY: i32, originX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  outHeight: i32, outWidth: i32, chunk: i32, low: f32, high: f32, begin: i32, end: i32,
): void {
  const pixel = <usize>channels << 2, ringLines = (kh - 1) * tapY + 1, pitch = pitchOf(chunk), reach = (kw - 1) * tapX + 1;
  const wLine = <usize>kw * tapBytes, wStep = <usize>kh * wLine, xLine = <usize>width * pixel;
  const rows = work, spare = rows + <usize>(kh * 12 + 63 & ~63), ring = spare + <usize>depthwisePixels * pitch;
  let start = wholeTiles(max(0, (strideX - 1 - originX) / strideX)), tail = wholeTiles(max(0, outWidth - (width - originX - reach) / strideX - 1));
  if (scale || width < originX + reach || outWidth - start - tail < max(max(reach, depthwisePixels), outWidth >> 1)) {
    start = max(outWidth, depthwisePixels);
    tail = 0;
  }
  const left = start ? (start - 1) * strideX + reach : 0, right = tail ? (tail - 1) * strideX + reach : 0, rightOrigin = originX + (outWidth - tail) * strideX;
  const leftLine = <usize>left * pitch, rightLine = <usize>right * pitch;
  const rightRing = ring + <usize>ringLines * leftLine;
  clearOutside(ring, pitch, ringLines, left, originX, width);
  clearOutside(rightRing, pitch, ringLines, right, rightOrigin, width);
  const yLine = <usize>outWidth * pixel, xEnd = x + <usize>(batch * height) * xLine;
  const strip = stripOf(outWidth), tiles = (outWidth + strip - 1) / strip, share = <usize>strideY * xLine / <usize>tiles + 64 & ~63;
  const touching = chunk >= channels && <usize>batch * (<usize>height * xLine + <usize>outHeight * yLine) > touchBytes;
  let next = 0, from = -1;
  for (let unit = begin; unit < end; unit++) {
    const plane = unit / outHeight, j = unit - plane * outHeight, part = plane / batch, image = plane - part * batch;
    const channel = part * chunk, count = min(chunk, channels - channel), vectors = vectorsOf(count), at = <usize>channel << 2;
    const iy = originY + j * strideY, source = x + <usize>(image * height * width) * pixel + at;
    if (plane != from) next = 0;
    from = plane;
    next = max(next, iy);
    for (const until = min(height, iy + ringLines); next < until; next++) {
      const to = next % ringLines, line = source + <usize>next * xLine, norm = scale ? scale + at : 0;
      if (left) bringLine(ring + <usize>to * leftLine, pitch, line, pixel, vectors, left, originX, width, norm, shift + at, mean + at, lowX, highX);
      if (right) bringLine(rightRing + <usize>to * rightLine, pitch, line, pixel, vectors, right, rightOrigin, width, norm, shift + at, mean + at, lowX, highX);
    }
    const firstTap = firstInside(iy, tapY), lines = max(0, min(kh, (height - iy + tapY - 1) / tapY) - firstTap);
    const to = y + <usize>((image * outHeight + j) * outWidth) * pixel + at, w = packed + <usize>(channel / stepChannels) * wStep + <usize>firstTap * wLine;
    const row = iy + firstTap * tapY;
    listLines(rows, lines, ring, leftLine, row, tapY, ringLines);
    listLines(rows + <usize>(kh << 2), lines, source + <usize>originX * pixel, xLine, row, tapY, height);
    listLines(rows + <usize>(kh << 3), lines, rightRing, rightLine, row, tapY, ringLines);
    const b = bias ? bias + at : 0;
    let aheadX = source + <usize>max(0, iy + ringLines) * xLine;
    for (let part = 0, i = 0; part < 3; part++) {
      const until = part == 0 ? min(start, outWidth) : part == 1 ? outWidth - tail : outWidth, p = part == 1 ? pixel : pitch;
      const list = rows + <usize>(part * kh << 2), origin = part < 2 ? 0 : outWidth - tail;
      while (i < until) {
        const pixels = max(min(strip, (until - i) / depthwisePixels * depthwisePixels), depthwisePixels);
        if (touching) {
          touch(aheadX, min(aheadX + share, xEnd));
          aheadX += share;
        }
        convolveTiles(
          to + <usize>i * pixel, pixel, pixels, min(depthwisePixels, outWidth - i), count, list, list + <usize>(lines << 2), <usize>((i - origin) * strideX) * p, p,
          kw, tapX, strideX, w, wLine, wStep, b, low, high, spare, pitch,
        );
        i += pixels;
        if (i < until) i = min(i, until - depthwisePixels);
      }
    }
  }
}

/** Addresses of `lines` lines, `bytes` long, that lie `step` below each other, the first of them `line`, in a ring of `ringLines`. */
function listLines(to: usize, lines: i32, ring: usize, bytes: usize, line: i32, step: i32, ringLines: i32): void {
  for (; lines > 0; lines--, line += step, to += 4) store<u32>(to, <u32>(ring + <usize>(line % ringLines) * bytes));
}

/** Layers that take less stay in the cache from the layer before. */
const touchBytes: usize = 1 << 20;

/** Loads each cache line: in order, which a tile's walk through channels is not, so that the processor sees what comes next. */
function touch(from: usize, to: usize): void {
  for (; from < to; from += 64) load<u32>(from);
}

/**
 * Pixels that go together: short lines tile by tile through all channels, so that output goes to memory in order. Along lines of 8
 * tiles and more weights stay in registers' reach and more stores that miss the caches are under way at a time.
 */
function stripOf(pixels: i32): i32 {
  return pixels < 8 * depthwisePixels ? depthwisePixels : pixels;
}

function wholeTiles(pixels: i32): i32 {
  return (pixels + depthwisePixels - 1) / depthwisePixels * depthwisePixels;
}

/** Output pixels, whole tiles; of one that reaches over the end of a line only `wanted` pixels are. */
function convolveTiles(
  y: usize, yPixel: usize, pixels: i32, wanted: i32, channels: i32, rows: usize, end: usize, offset: usize, pixel: usize, taps: i32, tapX: i32, strideX: i32,
  w: usize, wLine: usize, wStep: usize, bias: usize, low: f32, high: f32, spare: usize, pitch: usize,
): void {
  const whole = wanted < depthwisePixels ? 0 : channels & ~(stepChannels - 1), init = bias ? bias : zeros, initStep: usize = bias ? tapBytes : 0;
  if (whole) stepsOf(y, yPixel, whole, pixels, rows, end, offset, pixel, taps, tapX, strideX, w, wLine, wStep, init, initStep, low, high);
  const rest = channels - whole, done = <usize>whole << 2, step = <usize>(whole / stepChannels);
  if (!rest) return;
  for (; pixels > 0; pixels -= depthwisePixels) {
    stepsOf(spare, pitch, rest, depthwisePixels, rows, end, offset + done, pixel, taps, tapX, strideX, w + step * wStep, wLine, wStep, init + step * initStep, initStep, low, high);
    let to = y + done, from = spare;
    for (let left = min(wanted, depthwisePixels); left > 0; left--, to += yPixel, from += pitch) {
      for (let c = 0; c < rest; c += 4) storeLanes(to + (<usize>c << 2), v128.load(from + (<usize>c << 2)), rest - c);
    }
    y += <usize>depthwisePixels * yPixel;
    offset += <usize>(depthwisePixels * strideX) * pixel;
  }
}

function stepsOf(
  y: usize, yPixel: usize, channels: i32, pixels: i32, rows: usize, end: usize, offset: usize, pixel: usize, taps: i32, tapX: i32, strideX: i32,
  w: usize, wLine: usize, wStep: usize, init: usize, initStep: usize, low: f32, high: f32,
): void {
  if (tapX == 1 && hasDepthwiseTile(taps, strideX)) {
    const bounded = low > -Infinity || high < Infinity;
    depthwiseTile(taps, strideX, channels, pixels, rows, end, offset, pixel, w, wLine, wStep, y, yPixel, init, initStep, bounded, low, high);
    return;
  }
  for (let step = 0; step * stepChannels < channels; step++) {
    for (let v: usize = 0; v < tapBytes; v += 16) {
      const from = <usize>step * tapBytes + v;
      anyTaps(
        pixels, rows, end, offset + from, taps, <usize>tapX * pixel, <usize>strideX * pixel, w + <usize>step * wStep + v, wLine,
        y + from, yPixel, init + <usize>step * initStep + v, low, high,
      );
    }
  }
}

/** What depthwiseTile does, 4 channels and any taps and strides. */
function anyTaps(
  pixels: i32, rows: usize, end: usize, offset: usize, taps: i32, tap: usize, stride: usize, w: usize, wLine: usize,
  y: usize, yPixel: usize, bias: usize, low: f32, high: f32,
): void {
  for (; pixels > 0; pixels--, offset += stride, y += yPixel) {
    let sum = v128.load(bias), weights = w;
    for (let line = rows; line < end; line += 4, weights += wLine) {
      const row = <usize>load<u32>(line) + offset;
      for (let k = 0; k < taps; k++) sum = madd(v128.load(row + <usize>k * tap), v128.load(weights + <usize>k * tapBytes), sum);
    }
    v128.store(y, clamp(sum, f32x4.splat(low), f32x4.splat(high)));
  }
}

/**
 * dx[n, y, x, c] = sum of w[ky, kx, c] dy[n, j, i, c] over taps and pixels of dy with j * strideY - padY + ky * tapY = y, and so in x.
 * Weights are packed by phases, units are (chunk, line of dx). `work` holds what it does forward; the
 * ring has the lines of dy which a line of dx may reach.
 */
export function depthwise_f32_backward_x(
  dx: usize, dy: usize, packed: usize, work: usize,
  batch: i32, height: i32, width: i32, channels: i32, kh: i32, kw: i32, padY: i32, padX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  outHeight: i32, outWidth: i32, chunk: i32, begin: i32, end: i32,
): void {
  const pixel = <usize>channels << 2, ringLines = (kh - 1) * tapY / strideY + 1, pitch = pitchOf(chunk), wLine = <usize>kw * tapBytes, wStep = <usize>kh * wLine;
  const stepY = strideY / gcd(strideY, tapY), stepX = strideX / gcd(strideX, tapX), nextY = tapY * stepY / strideY, nextX = tapX * stepX / strideX;
  const first = floorDiv(padX - (kw - 1) * tapX, strideX), last = (padX + strideX - 1) / strideX, reach = last - first + 1;
  const most = (width + strideX - 1) / strideX, least = width / strideX, dyLine = <usize>outWidth * pixel, strip = stripOf(most);
  const rows = work, spare = rows + <usize>(kh * 12 + 63 & ~63), ring = spare + <usize>depthwisePixels * pitch;
  let start = wholeTiles(max(0, -first)), tail = wholeTiles(max(0, most - max(0, outWidth - last)));
  if (least - start - tail < max(max(reach, depthwisePixels), least >> 1)) {
    start = max(most, depthwisePixels);
    tail = 0;
  }
  const left = start ? start - 1 + reach : 0, right = tail ? most - least + tail - 1 + reach : 0, origin = least - tail;
  const leftLine = <usize>left * pitch, rightLine = <usize>right * pitch, rightRing = ring + <usize>ringLines * leftLine;
  clearOutside(ring, pitch, ringLines, left, first, outWidth);
  clearOutside(rightRing, pitch, ringLines, right, first + origin, outWidth);
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
      const to = next % ringLines, line = source + <usize>next * dyLine;
      if (left) bringLine(ring + <usize>to * leftLine, pitch, line, pixel, vectors, left, first, outWidth, 0, 0, 0, 0, 0);
      if (right) bringLine(rightRing + <usize>to * rightLine, pitch, line, pixel, vectors, right, first + origin, outWidth, 0, 0, 0, 0, 0);
    }
    let wY = 0;
    for (let phase = 0; phase < y % strideY; phase++) wY += tapsOf(lastTap(phase + padY, kh, strideY, tapY), stepY);
    const lastY = lastTap(y + padY, kh, strideY, tapY), j = (y + padY - lastY * tapY) / strideY;
    const firstTap = firstInside(j, nextY), lines = max(0, min(tapsOf(lastY, stepY), (outHeight - j + nextY - 1) / nextY) - firstTap);
    const w = packed + <usize>(channel / stepChannels) * wStep + <usize>(wY + firstTap) * wLine;
    const row = j + firstTap * nextY;
    listLines(rows, lines, ring, leftLine, row, nextY, ringLines);
    listLines(rows + <usize>(kh << 2), lines, source + <usize>first * pixel, dyLine, row, nextY, outHeight);
    listLines(rows + <usize>(kh << 3), lines, rightRing, rightLine, row, nextY, ringLines);
    for (let phase = 0, wX = 0; phase < strideX; phase++) {
      const lastX = lastTap(phase + padX, kw, strideX, tapX), taps = tapsOf(lastX, stepX);
      const column = lastX < 0 ? 0 : (phase + padX - lastX * tapX) / strideX - first, points = (width - phase + strideX - 1) / strideX;
      const to = dx + <usize>((image * height + y) * width + phase) * pixel + at;
      for (let part = 0, i = 0; part < 3; part++) {
        const until = part == 0 ? min(start, points) : part == 1 ? points - tail : points, p = part == 1 ? pixel : pitch;
        const list = rows + <usize>(part * kh << 2), base = part < 2 ? 0 : origin;
        while (i < until) {
          const pixels = max(min(strip, (until - i) / depthwisePixels * depthwisePixels), depthwisePixels);
          convolveTiles(
            to + <usize>(i * strideX) * pixel, pixel * strideX, pixels, min(depthwisePixels, points - i), count, list, list + <usize>(lines << 2), <usize>(i - base + column) * p, p,
            taps, nextX, 1, w + <usize>wX * tapBytes, wLine, wStep, 0, -Infinity, Infinity, spare, pitch,
          );
          i += pixels;
          if (i < until) i = min(i, until - depthwisePixels);
        }
      }
      wX += taps;
    }
  }
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
