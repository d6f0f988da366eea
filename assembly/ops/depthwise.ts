import { storeLanes } from "../lanes";
import { depthwiseTile, hasDepthwiseTile } from "../microkernels-depthwise";
import { depthwiseWeightLines, depthwiseWeightTile } from "../microkernels-depthwise-weight";
import { clamp, madd } from "../simd";

// Exported functions stay functions: the optimiser would merge the micro-kernels into their only caller, which then spills.
export * from "../microkernels-depthwise";
export * from "../microkernels-depthwise-weight";

/** Vectors of 4 channels whose weight gradient is summed together, and their bytes. */
const together: i32 = 8;
const weightPitch: usize = 128;
/** Output pixels of a tile. */
const tilePixels: i32 = 4;

/**
 * Taps of a depthwise weight w [kh, kw, 1, channels] as [channels / 4][tapsY][tapsX][4], of those taps that start at
 * (firstY, firstX) and lie stepY, stepX apart. Units are vectors of 4 channels; channels past the last are zero.
 */
export function depthwise_f32_pack(
  packed: usize, w: usize, kw: i32, channels: i32, tapsY: i32, tapsX: i32, firstY: i32, firstX: i32, stepY: i32, stepX: i32, begin: i32, end: i32,
): void {
  let to = packed + (<usize>(begin * tapsY * tapsX) << 4);
  for (let channel = begin << 2; channel < end << 2; channel += 4) {
    for (let y = 0; y < tapsY; y++) {
      for (let x = 0; x < tapsX; x++, to += 16) {
        const tap = (firstY + y * stepY) * kw + firstX + x * stepX;
        const from = w + (<usize>(tap * channels + channel) << 2);
        v128.store(to, f32x4.splat(0));
        storeLanes(to, v128.load(from), channels - channel);
      }
    }
  }
}

/**
 * Depthwise convolution of x [batch, height, width, channels] with packed weights over a lattice of latticeH x latticeW
 * points an image: point (j, i) and tap (ky, kx) read x at (originY + j * strideY + ky * tapY, originX + i * strideX +
 * kx * tapX), zero outside. The sum (+ bias, bounded to low..high) goes to pixel (outY + j * outStepY, outX + i * outStepX)
 * of y [batch, outHeight, outWidth, channels]. Units are (chunk of `chunk` vectors of 4 channels, lattice line); `work`
 * holds a tile of 4 pixels x 4 channels.
 */
export function depthwise_f32(
  y: usize, x: usize, packed: usize, bias: usize, work: usize,
  height: i32, width: i32, channels: i32, kh: i32, kw: i32, originY: i32, originX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  batch: i32, latticeH: i32, latticeW: i32, outHeight: i32, outWidth: i32, outY: i32, outX: i32, outStepY: i32, outStepX: i32,
  chunk: i32, low: f32, high: f32, begin: i32, end: i32,
): void {
  const pixel = <usize>channels << 2, line = <usize>width * pixel, wLine = <usize>kw << 4, wStep = <usize>kh * wLine;
  const yPixel = <usize>outStepX * pixel;
  const tiled = tapX == 1 && latticeW >= tilePixels && hasDepthwiseTile(kw, strideX);
  for (let unit = begin; unit < end; unit++) {
    const part = unit / (batch * latticeH), index = unit - part * batch * latticeH, image = index / latticeH, j = index - image * latticeH;
    const channel = part * chunk << 2, stop = min(channels, channel + (chunk << 2));
    const iy = originY + j * strideY;
    const firstTap = iy < 0 ? (-iy + tapY - 1) / tapY : 0, lines = min(kh, (height - iy + tapY - 1) / tapY) - firstTap;
    const row = x + (<isize>(image * height + iy + firstTap * tapY) * width * channels + channel << 2);
    const w = packed + <usize>(channel >> 2) * wStep + <usize>firstTap * wLine;
    const to = y + (<usize>((image * outHeight + outY + j * outStepY) * outWidth + outX) * channels + channel << 2);
    const shift = bias ? bias + (<usize>channel << 2) : 0;
    for (let i = 0; i < latticeW; ) {
      const ix = originX + i * strideX;
      const from = row + <isize>ix * pixel, at = to + <usize>i * yPixel;
      if (tiled) {
        const vectors = stop - channel >> 2, ragged = stop - channel & 3;
        const inside = columnsInside(ix, strideX * (tilePixels - 1) + kw, width);
        depthwiseTile(kw, strideX, vectors, from, pixel, line * tapY, lines, w, wStep, at, yPixel, shift, low, high, inside);
        if (ragged) {
          const done = <usize>vectors << 4;
          depthwiseTile(
            kw, strideX, 1, from + done, pixel, line * tapY, lines, w + <usize>vectors * wStep, wStep, work, 16, shift ? shift + done : 0, low, high, inside,
          );
          for (let t = 0; t < tilePixels; t++) storeLanes(at + done + <usize>t * yPixel, v128.load(work + (<usize>t << 4)), ragged);
        }
        // The last tile of a line overlaps the one before it: the same sums again.
        i = i + tilePixels >= latticeW ? latticeW : min(i + tilePixels, latticeW - tilePixels);
      } else {
        const left = ix < 0 ? (-ix + tapX - 1) / tapX : 0, taps = min(kw, (width - ix + tapX - 1) / tapX) - left;
        onePixel(
          stop - channel, from + <usize>(left * tapX) * pixel, pixel * tapX, line * tapY, lines, taps, w + (<usize>left << 4), wLine, wStep, at, shift, low, high,
        );
        i++;
      }
    }
  }
}

/** A bit for each of `count` columns from `ix` on that lies in 0..width, or -1 for all. */
function columnsInside(ix: i32, count: i32, width: i32): i32 {
  if (ix >= 0 && ix + count <= width) return -1;
  const from = min(max(-ix, 0), count), to = max(min(width - ix, count), from);
  return (1 << to) - (1 << from);
}

/** One output pixel with any taps: the sum over `lines` x `taps` from `x` on. */
function onePixel(
  channels: i32, x: usize, tap: usize, line: usize, lines: i32, taps: i32, w: usize, wLine: usize, wStep: usize, y: usize, bias: usize, low: f32, high: f32,
): void {
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (; channels > 0; channels -= 4) {
    let sum: v128 = f32x4.splat(0);
    if (bias) {
      sum = v128.load(bias);
      bias += 16;
    }
    for (let ky = 0; ky < lines; ky++) {
      let from = x + <usize>ky * line, weight = w + <usize>ky * wLine;
      for (let left = taps; left > 0; left--, from += tap, weight += 16) sum = madd(v128.load(from), v128.load(weight), sum);
    }
    storeLanes(y, clamp(sum, lo, hi), channels);
    x += 16;
    w += wStep;
    y += 16;
  }
}

/**
 * dw[ky, kx, 0, c] = sum over pixels of dy[n, j, i, c] x[n, j * strideY + originY + ky * tapY, i * strideX + originX + kx * tapX, c],
 * line by line in order. Units are vectors of 4 channels; 8 of them go together. `work` holds their sums [kh * kw][8][4]
 * and, behind, a ring of (kh - 1) * tapY + 1 lines [padded][8][4] of x, widened by zeros.
 */
export function depthwise_f32_backward_weight(
  dw: usize, x: usize, dy: usize, work: usize,
  height: i32, width: i32, channels: i32, kh: i32, kw: i32, originY: i32, originX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  batch: i32, latticeH: i32, latticeW: i32, padded: i32, begin: i32, end: i32,
): void {
  const pixel = <usize>channels << 2, ringLines = (kh - 1) * tapY + 1, ring = work + <usize>(kh * kw) * weightPitch;
  const ringLine = <usize>padded * weightPitch;
  const most = tapX == 1 ? depthwiseWeightLines(kw, strideX) : 0;
  for (let unit = begin; unit < end; unit += together) {
    const vectors = min(together, end - unit), start = <usize>unit << 4;
    for (let at = work; at < ring; at += 16) v128.store(at, f32x4.splat(0));
    for (let image = 0; image < batch; image++) {
      let next = 0; // the first line of x that is not in the ring yet
      for (let j = 0; j < latticeH; j++) {
        const iy = originY + j * strideY;
        const firstTap = iy < 0 ? (-iy + tapY - 1) / tapY : 0, stopTap = min(kh, (height - iy + tapY - 1) / tapY);
        next = max(next, iy);
        for (const stop = min(height, iy + ringLines); next < stop; next++) {
          copyLine(ring + <usize>(next % ringLines) * ringLine, x + <usize>(image * height + next) * width * pixel + start, vectors, pixel, width, originX, padded);
        }
        const d = dy + <usize>(image * latticeH + j) * latticeW * pixel + start;
        for (let ky = firstTap; ky < stopTap; ) {
          const acc = work + <usize>(ky * kw) * weightPitch, rows = min(stopTap - ky, most);
          const x0 = ring + <usize>((iy + ky * tapY) % ringLines) * ringLine;
          if (rows > 0) {
            const x1 = ring + <usize>((iy + (ky + 1) * tapY) % ringLines) * ringLine, x2 = ring + <usize>((iy + (ky + 2) * tapY) % ringLines) * ringLine;
            depthwiseWeightTile(kw, rows, strideX, vectors, acc, d, pixel, latticeW, x0, x1, x2);
            ky += rows;
          } else {
            for (let kx = 0; kx < kw; kx++) oneTap(vectors, acc + <usize>kx * weightPitch, d, pixel, latticeW, x0 + <usize>(kx * tapX) * weightPitch, <usize>strideX * weightPitch);
            ky++;
          }
        }
      }
    }
    for (let tap = 0; tap < kh * kw; tap++) {
      for (let v = 0; v < vectors; v++) {
        const channel = unit + v << 2;
        storeLanes(dw + (<usize>(tap * channels + channel) << 2), v128.load(work + <usize>tap * weightPitch + (<usize>v << 4)), channels - channel);
      }
    }
  }
}

/** acc += sum over a line of output pixels of dy x, for any tap and stride. */
function oneTap(vectors: i32, acc: usize, dy: usize, dyPixel: usize, pixels: i32, x: usize, pixel: usize): void {
  for (; vectors > 0; vectors--, acc += 16, dy += 16, x += 16) {
    let sum = v128.load(acc), d = dy, p = x;
    for (let left = pixels; left > 0; left--, d += dyPixel, p += pixel) sum = madd(v128.load(d), v128.load(p), sum);
    v128.store(acc, sum);
  }
}

/** `vectors` x 4 channels of the pixels originX.. of a line, zeros outside 0..width. */
function copyLine(to: usize, x: usize, vectors: i32, pixel: usize, width: i32, originX: i32, padded: i32): void {
  const from = max(-originX, 0), until = min(width - originX, padded);
  to = zeros(to, min(from, padded));
  x += <isize>(originX + from) * pixel;
  for (let i = from; i < until; i++, x += pixel, to += weightPitch) {
    if (vectors == together) {
      v128.store(to, v128.load(x));
      v128.store(to, v128.load(x, 16), 16);
      v128.store(to, v128.load(x, 32), 32);
      v128.store(to, v128.load(x, 48), 48);
      v128.store(to, v128.load(x, 64), 64);
      v128.store(to, v128.load(x, 80), 80);
      v128.store(to, v128.load(x, 96), 96);
      v128.store(to, v128.load(x, 112), 112);
    } else {
      for (let at: usize = 0, stop = <usize>vectors << 4; at < stop; at += 16) v128.store(to + at, v128.load(x + at));
    }
  }
  zeros(to, padded - max(until, min(from, padded)));
}

/** Writes pixels of zeros; gives the end. */
function zeros(to: usize, pixels: i32): usize {
  const end = to + <usize>max(pixels, 0) * weightPitch;
  for (; to < end; to += 16) v128.store(to, f32x4.splat(0));
  return end;
}
