import { storeLanes } from "../lanes";
import { clamp, madd } from "../simd";

/**
 * x is `rows` rows of `channels` floats. Statistics and gradient sums go in two steps of a fixed order, whatever the
 * number of threads: chunks of 64 rows into `partial` (two rows of channels a chunk, padded to vectors), then the
 * chunks one after the other.
 */
const CHUNK: i32 = 64;

// @ts-ignore: decorator
@inline
function stride(channels: i32): usize {
  return <usize>((channels + 3) & ~3) << 2;
}

// @ts-ignore: decorator
@inline
function rowsIn(chunk: i32, rows: i32): i32 {
  return min(CHUNK, rows - chunk * CHUNK);
}

/**
 * Means and sums of squared deviations of chunks begin..end, in one pass: deviations d from the chunk's first row give
 * mean = first + sum(d) / n and M2 = sum(d^2) - sum(d)^2 / n. The shift is a member of the sample, so the difference
 * cancels no more than the 6 bits of n = 64.
 */
export function batch_norm_f32_moments(partial: usize, x: usize, rows: i32, channels: i32, begin: i32, end: i32): void {
  const step = <usize>channels << 2, width = stride(channels);
  for (let chunk = begin; chunk < end; chunk++) {
    const n = rowsIn(chunk, rows);
    const from = x + <usize>(chunk * CHUNK) * step, to = partial + <usize>chunk * 2 * width;
    let at: usize = 0;
    for (; at + 64 <= width; at += 64) {
      const s0 = v128.load(from + at), s1 = v128.load(from + at, 16), s2 = v128.load(from + at, 32), s3 = v128.load(from + at, 48);
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
      for (let row = from + at + step, stop = row + <usize>(n - 1) * step; row < stop; row += step) {
        let d = f32x4.sub(v128.load(row), s0);
        a0 = f32x4.add(a0, d);
        b0 = madd(d, d, b0);
        d = f32x4.sub(v128.load(row, 16), s1);
        a1 = f32x4.add(a1, d);
        b1 = madd(d, d, b1);
        d = f32x4.sub(v128.load(row, 32), s2);
        a2 = f32x4.add(a2, d);
        b2 = madd(d, d, b2);
        d = f32x4.sub(v128.load(row, 48), s3);
        a3 = f32x4.add(a3, d);
        b3 = madd(d, d, b3);
      }
      storeMoments(to + at, width, s0, a0, b0, n);
      storeMoments(to + at + 16, width, s1, a1, b1, n);
      storeMoments(to + at + 32, width, s2, a2, b2, n);
      storeMoments(to + at + 48, width, s3, a3, b3, n);
    }
    for (; at < width; at += 16) {
      const s = v128.load(from + at);
      let a = f32x4.splat(0), b = a;
      for (let row = from + at + step, stop = row + <usize>(n - 1) * step; row < stop; row += step) {
        const d = f32x4.sub(v128.load(row), s);
        a = f32x4.add(a, d);
        b = madd(d, d, b);
      }
      storeMoments(to + at, width, s, a, b, n);
    }
  }
}

function storeMoments(to: usize, width: usize, first: v128, sum: v128, squares: v128, n: i32): void {
  const mean = f32x4.div(sum, f32x4.splat(<f32>n));
  v128.store(to, f32x4.add(first, mean));
  v128.store(to + width, f32x4.sub(squares, f32x4.mul(sum, mean)));
}

/**
 * mean and biased variance of channel vectors begin..end from the chunks' (mean_i, M2_i): mean = sum(n_i mean_i) / n,
 * taken from mean_0 so that a large mean costs no bits, and variance = sum(M2_i + n_i (mean_i - mean)^2) / n.
 */
export function batch_norm_f32_statistics(mean: usize, variance: usize, partial: usize, rows: i32, channels: i32, begin: i32, end: i32): void {
  const width = stride(channels), chunks = (rows + CHUNK - 1) / CHUNK;
  const total = f32x4.splat(<f32>rows);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const first = v128.load(partial + at);
    let sum = f32x4.splat(0);
    for (let chunk = 0, from = partial + at; chunk < chunks; chunk++, from += 2 * width) {
      sum = f32x4.add(sum, f32x4.mul(f32x4.sub(v128.load(from), first), f32x4.splat(<f32>rowsIn(chunk, rows))));
    }
    const m = f32x4.add(first, f32x4.div(sum, total));
    sum = f32x4.splat(0);
    for (let chunk = 0, from = partial + at; chunk < chunks; chunk++, from += 2 * width) {
      const d = f32x4.sub(v128.load(from), m);
      sum = f32x4.add(sum, madd(f32x4.mul(d, d), f32x4.splat(<f32>rowsIn(chunk, rows)), v128.load(from + width)));
    }
    v128.store(mean + at, m);
    v128.store(variance + at, f32x4.div(sum, total));
  }
}

/**
 * y = min(max((x - mean) scale + bias, low), high) over rows begin..end, scale = weight / sqrt(variance + epsilon). Row by row, though that loads
 * what belongs to a channel again and again: memory is fast only in its own order.
 */
export function batch_norm_f32(y: usize, x: usize, scale: usize, bias: usize, mean: usize, channels: i32, low: f32, high: f32, begin: i32, end: i32): void {
  const step = <usize>channels << 2, full = step & ~15, pairs = step & ~31;
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (let row = <usize>begin * step, stop = <usize>end * step; row < stop; row += step) {
    let at: usize = 0;
    for (; at < pairs; at += 32) {
      const d0 = f32x4.sub(v128.load(x + row + at), v128.load(mean + at)), d1 = f32x4.sub(v128.load(x + row + at, 16), v128.load(mean + at, 16));
      const v0 = madd(d0, v128.load(scale + at), v128.load(bias + at)), v1 = madd(d1, v128.load(scale + at, 16), v128.load(bias + at, 16));
      v128.store(y + row + at, clamp(v0, lo, hi));
      v128.store(y + row + at, clamp(v1, lo, hi), 16);
    }
    for (; at < step; at += 16) {
      const v = clamp(madd(f32x4.sub(v128.load(x + row + at), v128.load(mean + at)), v128.load(scale + at), v128.load(bias + at)), lo, hi);
      if (at < full) v128.store(y + row + at, v);
      else storeLanes(y + row + at, v, channels & 3);
    }
  }
}

/** dy, but 0 where the clamp cut y; a NaN is not cut. */
// @ts-ignore: decorator
@inline
function uncut(dy: v128, y: v128, low: v128, high: v128): v128 {
  return v128.andnot(dy, v128.or(f32x4.le(y, low), f32x4.ge(y, high)));
}

/**
 * Column sums of g and of g (x - mean) in chunks begin..end: g is dy, but 0 where the clamp cut y, which is computed
 * again as the forward kernel did: cheaper than another sweep over y, and y need not be kept.
 */
export function batch_norm_f32_backward_sums(
  partial: usize, dy: usize, x: usize, scale: usize, bias: usize, mean: usize, rows: i32, channels: i32, low: f32, high: f32, begin: i32, end: i32,
): void {
  const step = <usize>channels << 2, width = stride(channels);
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (let chunk = begin; chunk < end; chunk++) {
    const n = rowsIn(chunk, rows);
    const from = <usize>(chunk * CHUNK) * step, to = partial + <usize>chunk * 2 * width;
    let at: usize = 0;
    for (; at + 32 <= width; at += 32) {
      const m0 = v128.load(mean + at), m1 = v128.load(mean + at, 16), s0 = v128.load(scale + at), s1 = v128.load(scale + at, 16);
      const o0 = v128.load(bias + at), o1 = v128.load(bias + at, 16);
      let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0;
      for (let row = from + at, stop = row + <usize>n * step; row < stop; row += step) {
        let d = f32x4.sub(v128.load(x + row), m0);
        let g = uncut(v128.load(dy + row), madd(d, s0, o0), lo, hi);
        a0 = f32x4.add(a0, g);
        b0 = madd(g, d, b0);
        d = f32x4.sub(v128.load(x + row, 16), m1);
        g = uncut(v128.load(dy + row, 16), madd(d, s1, o1), lo, hi);
        a1 = f32x4.add(a1, g);
        b1 = madd(g, d, b1);
      }
      v128.store(to + at, a0);
      v128.store(to + at, a1, 16);
      v128.store(to + at + width, b0);
      v128.store(to + at + width, b1, 16);
    }
    if (at < width) {
      const m = v128.load(mean + at), s = v128.load(scale + at), o = v128.load(bias + at);
      let a = f32x4.splat(0), b = a;
      for (let row = from + at, stop = row + <usize>n * step; row < stop; row += step) {
        const d = f32x4.sub(v128.load(x + row), m);
        const g = uncut(v128.load(dy + row), madd(d, s, o), lo, hi);
        a = f32x4.add(a, g);
        b = madd(g, d, b);
      }
      v128.store(to + at, a);
      v128.store(to + at + width, b);
    }
  }
}

/** dbias = sum(dy), dweight = sum(dy (x - mean)) / sqrt(variance + epsilon) over channel vectors begin..end, chunk after chunk. */
export function batch_norm_f32_backward_parameters(
  dweight: usize, dbias: usize, partial: usize, variance: usize, epsilon: f32, rows: i32, channels: i32, begin: i32, end: i32,
): void {
  const width = stride(channels), chunks = (rows + CHUNK - 1) / CHUNK;
  const eps = f32x4.splat(epsilon);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    let a = f32x4.splat(0), b = a;
    for (let chunk = 0, from = partial + at; chunk < chunks; chunk++, from += 2 * width) {
      a = f32x4.add(a, v128.load(from));
      b = f32x4.add(b, v128.load(from + width));
    }
    v128.store(dbias + at, a);
    v128.store(dweight + at, f32x4.div(b, f32x4.sqrt(f32x4.add(v128.load(variance + at), eps))));
  }
}

/**
 * Per channel, what dx = scale dy + slope (x - mean) + offset needs, over vectors begin..end of 4 channels:
 * slope = -scale dweight / (n sqrt(variance + epsilon)), offset = -scale dbias / n.
 */
export function batch_norm_f32_backward_slopes(
  slope: usize, offset: usize, scale: usize, dweight: usize, dbias: usize, variance: usize, epsilon: f32, rows: i32, begin: i32, end: i32,
): void {
  const eps = f32x4.splat(epsilon), total = f32x4.splat(<f32>rows);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const s = f32x4.neg(f32x4.div(v128.load(scale + at), total));
    v128.store(offset + at, f32x4.mul(s, v128.load(dbias + at)));
    v128.store(slope + at, f32x4.div(f32x4.mul(s, v128.load(dweight + at)), f32x4.sqrt(f32x4.add(v128.load(variance + at), eps))));
  }
}

/** dx = scale g + slope (x - mean) + offset over rows begin..end, with g as in the sums. */
export function batch_norm_f32_backward_x(
  dx: usize, dy: usize, x: usize, scale: usize, bias: usize, mean: usize, slope: usize, offset: usize, channels: i32, low: f32, high: f32, begin: i32, end: i32,
): void {
  const step = <usize>channels << 2, full = step & ~15, pairs = step & ~31;
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (let row = <usize>begin * step, stop = <usize>end * step; row < stop; row += step) {
    let at: usize = 0;
    for (; at < pairs; at += 32) {
      const d0 = f32x4.sub(v128.load(x + row + at), v128.load(mean + at)), d1 = f32x4.sub(v128.load(x + row + at, 16), v128.load(mean + at, 16));
      const s0 = v128.load(scale + at), s1 = v128.load(scale + at, 16);
      const g0 = uncut(v128.load(dy + row + at), madd(d0, s0, v128.load(bias + at)), lo, hi);
      const g1 = uncut(v128.load(dy + row + at, 16), madd(d1, s1, v128.load(bias + at, 16)), lo, hi);
      const l0 = madd(d0, v128.load(slope + at), v128.load(offset + at)), l1 = madd(d1, v128.load(slope + at, 16), v128.load(offset + at, 16));
      v128.store(dx + row + at, madd(g0, s0, l0));
      v128.store(dx + row + at, madd(g1, s1, l1), 16);
    }
    for (; at < step; at += 16) {
      const d = f32x4.sub(v128.load(x + row + at), v128.load(mean + at)), s = v128.load(scale + at);
      const g = uncut(v128.load(dy + row + at), madd(d, s, v128.load(bias + at)), lo, hi);
      const v = madd(g, s, madd(d, v128.load(slope + at), v128.load(offset + at)));
      if (at < full) v128.store(dx + row + at, v);
      else storeLanes(dx + row + at, v, channels & 3);
    }
  }
}

/** dx = scale g over rows begin..end: what reaches x when mean and variance are constants; without a clamp, y is 0. */
export function batch_norm_frozen_f32_backward_x(dx: usize, dy: usize, y: usize, scale: usize, channels: i32, low: f32, high: f32, begin: i32, end: i32): void {
  const step = <usize>channels << 2, full = step & ~15;
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (let row = <usize>begin * step, stop = <usize>end * step; row < stop; row += step) {
    for (let at: usize = 0; at < step; at += 16) {
      let g = v128.load(dy + row + at);
      if (y) g = uncut(g, v128.load(y + row + at), lo, hi);
      g = f32x4.mul(g, v128.load(scale + at));
      if (at < full) v128.store(dx + row + at, g);
      else storeLanes(dx + row + at, g, channels & 3);
    }
  }
}

/** running += momentum (correction batch - running) over vectors begin..end of 4 channels. */
export function update_running_f32(running: usize, batch: usize, momentum: f32, correction: f32, begin: i32, end: i32): void {
  const m = f32x4.splat(momentum), c = f32x4.splat(correction);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const old = v128.load(running + at);
    v128.store(running + at, madd(m, f32x4.sub(f32x4.mul(c, v128.load(batch + at)), old), old));
  }
}
