/**
 * Group norm by image: sums per channel as batch norm makes them, in chunks of 64 rows, then groups of channels. `lines` has, for each image,
 * rows of channels padded to vectors.
 */
import { batch_norm_f32, batch_norm_f32_backward_sums, batch_norm_f32_backward_x, batch_norm_f32_moments } from "../batch-norm";

/** Rows in a chunk of batch norm's sums. */
const CHUNK: i32 = 64;

/** Rows of `lines`: mean, scale = weight / sqrt(variance + epsilon), bias, 1 / sqrt(variance + epsilon). */
const LINES: usize = 4;

// @ts-ignore: decorator
@inline
function widthOf(channels: i32): usize {
  return <usize>((channels + 3) & ~3) << 2;
}

// @ts-ignore: decorator
@inline
function chunksOf(rows: i32): i32 {
  return (rows + CHUNK - 1) / CHUNK;
}

/** Means and sums of squared deviations per channel. Units are (image, chunk). */
export function group_norm_f32_moments(partial: usize, x: usize, rows: i32, channels: i32, begin: i32, end: i32): void {
  const chunks = chunksOf(rows), image = <usize>rows * (<usize>channels << 2), sums = <usize>chunks * 2 * widthOf(channels);
  for (let unit = begin; unit < end; ) {
    const n = unit / chunks, from = unit - n * chunks, to = min(chunks, from + end - unit);
    batch_norm_f32_moments(partial + <usize>n * sums, x + <usize>n * image, rows, channels, from, to);
    unit += to - from;
  }
}

/**
 * `lines` from the moments: mean = sum(n_i mean_i) / n, variance = sum(M2_i + n_i (mean_i - mean)^2) / n over a group's channels and chunks, in
 * double precision. weight and bias may be 0. Units are (image, group).
 */
export function group_norm_f32_statistics(
  lines: usize, partial: usize, weight: usize, bias: usize, rows: i32, channels: i32, groups: i32, epsilon: f32, begin: i32, end: i32,
): void {
  const width = widthOf(channels), chunks = chunksOf(rows), size = channels / groups, total = <f64>rows * <f64>size;
  for (let unit = begin; unit < end; unit++) {
    const n = unit / groups, group = (unit - n * groups) * size;
    const from = partial + <usize>(n * chunks) * 2 * width;
    let sum: f64 = 0, squares: f64 = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const count = <f64>min(CHUNK, rows - chunk * CHUNK);
      for (let c = group; c < group + size; c++) sum += count * <f64>f32.load(from + <usize>chunk * 2 * width + (<usize>c << 2));
    }
    const mean = sum / total;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const count = <f64>min(CHUNK, rows - chunk * CHUNK);
      for (let c = group; c < group + size; c++) {
        const at = from + <usize>chunk * 2 * width + (<usize>c << 2), d = <f64>f32.load(at) - mean;
        squares += <f64>f32.load(at + width) + count * d * d;
      }
    }
    const scale = 1 / sqrt<f64>(squares / total + <f64>epsilon);
    for (let c = group; c < group + size; c++) {
      const at: usize = <usize>c << 2, to = lines + <usize>n * LINES * width + at;
      f32.store(to, <f32>mean);
      f32.store(to + width, <f32>(weight ? scale * <f64>f32.load(weight + at) : scale));
      f32.store(to + 2 * width, bias ? f32.load(bias + at) : 0);
      f32.store(to + 3 * width, <f32>scale);
    }
  }
}

/** y = (x - mean) scale + bias. Units are rows of all images. */
export function group_norm_f32(y: usize, x: usize, lines: usize, rows: i32, channels: i32, begin: i32, end: i32): void {
  const width = widthOf(channels), image = <usize>rows * (<usize>channels << 2);
  for (let row = begin; row < end; ) {
    const n = row / rows, from = row - n * rows, to = min(rows, from + end - row), line = lines + <usize>n * LINES * width, at = <usize>n * image;
    batch_norm_f32(y + at, x + at, line + width, line + 2 * width, line, channels, -Infinity, Infinity, from, to);
    row += to - from;
  }
}

/** Sums of dy and of dy (x - mean) per channel. Units are (image, chunk). */
export function group_norm_f32_backward_sums(partial: usize, dy: usize, x: usize, lines: usize, rows: i32, channels: i32, begin: i32, end: i32): void {
  const width = widthOf(channels), chunks = chunksOf(rows), image = <usize>rows * (<usize>channels << 2), sums = <usize>chunks * 2 * width;
  for (let unit = begin; unit < end; ) {
    const n = unit / chunks, from = unit - n * chunks, to = min(chunks, from + end - unit), line = lines + <usize>n * LINES * width, at = <usize>n * image;
    batch_norm_f32_backward_sums(
      partial + <usize>n * sums, dy + at, x + at, line + width, line + 2 * width, line, rows, channels, -Infinity, Infinity, from, to,
    );
    unit += to - from;
  }
}

/**
 * `sums`, for each image: what dbias and dweight get from it, then slope and offset of dx = scale dy + slope (x - mean) + offset, with r = 1 /
 * sqrt(variance + epsilon): slope = -r^2 mean(weight dy h), offset = -r mean(weight dy), means over a group. Units are (image, group).
 */
export function group_norm_f32_backward_slopes(
  sums: usize, partial: usize, lines: usize, weight: usize, rows: i32, channels: i32, groups: i32, begin: i32, end: i32,
): void {
  const width = widthOf(channels), chunks = chunksOf(rows), size = channels / groups, total = <f64>rows * <f64>size;
  for (let unit = begin; unit < end; unit++) {
    const n = unit / groups, group = (unit - n * groups) * size;
    const r = <f64>f32.load(lines + <usize>n * LINES * width + 3 * width + (<usize>group << 2)), to = sums + <usize>n * 4 * width;
    let a: f64 = 0, b: f64 = 0;
    for (let c = group; c < group + size; c++) {
      const at = <usize>c << 2, from = partial + <usize>(n * chunks) * 2 * width + at;
      let plain: f64 = 0, product: f64 = 0;
      for (let chunk = 0; chunk < chunks; chunk++) {
        plain += <f64>f32.load(from + <usize>chunk * 2 * width);
        product += <f64>f32.load(from + <usize>chunk * 2 * width + width);
      }
      product *= r;
      f32.store(to + at, <f32>plain);
      f32.store(to + width + at, <f32>product);
      const w: f64 = weight ? <f64>f32.load(weight + at) : 1;
      a += w * plain;
      b += w * product;
    }
    for (let c = group; c < group + size; c++) {
      f32.store(to + 2 * width + (<usize>c << 2), <f32>((-r * r * b) / total));
      f32.store(to + 3 * width + (<usize>c << 2), <f32>((-r * a) / total));
    }
  }
}

/** dx = scale dy + slope (x - mean) + offset. Units are rows of all images. */
export function group_norm_f32_backward_x(
  dx: usize, dy: usize, x: usize, lines: usize, sums: usize, rows: i32, channels: i32, begin: i32, end: i32,
): void {
  const width = widthOf(channels), image = <usize>rows * (<usize>channels << 2);
  for (let row = begin; row < end; ) {
    const n = row / rows, from = row - n * rows, to = min(rows, from + end - row), at = <usize>n * image;
    const line = lines + <usize>n * LINES * width, sum = sums + <usize>n * 4 * width;
    batch_norm_f32_backward_x(
      dx + at, dy + at, x + at, line + width, line + 2 * width, line, sum + 2 * width, sum + 3 * width, channels, -Infinity, Infinity, from, to,
    );
    row += to - from;
  }
}

/** dbias and dweight over vectors begin..end of channels: the sums of all images, in order. */
export function group_norm_f32_backward_parameters(dweight: usize, dbias: usize, sums: usize, images: i32, channels: i32, begin: i32, end: i32): void {
  const width = widthOf(channels);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    let a = f32x4.splat(0), b = a;
    for (let i = 0, from = sums + at; i < images; i++, from += 4 * width) {
      a = f32x4.add(a, v128.load(from));
      b = f32x4.add(b, v128.load(from + width));
    }
    v128.store(dbias + at, a);
    v128.store(dweight + at, b);
  }
}
