import { clearRow, storeBytes, storeLanes } from "../lanes";

/** y = max over each window inside x [N, H, W, C]; units are output pixels, n major. NaN anywhere in a window gives NaN. */
export function max_pool_f32(
  y: usize, x: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  kernelHeight: i32, kernelWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32, begin: i32, end: i32,
): void {
  const step = <usize>channels << 2, line = <usize>width * step;
  for (let unit = begin; unit < end; unit++) {
    const ox = unit % outWidth, oy = (unit / outWidth) % outHeight, n = unit / (outWidth * outHeight);
    const iy = oy * strideHeight - top, ix = ox * strideWidth - left;
    const y0 = max(iy, 0), y1 = min(iy + kernelHeight, height), x0 = max(ix, 0), x1 = min(ix + kernelWidth, width);
    const first = x + <usize>((n * height + y0) * width + x0) * step, to = y + <usize>unit * step;
    const lines = <usize>(y1 - y0) * line, across = <usize>(x1 - x0) * step;
    let at: usize = 0;
    for (; at + 32 <= step; at += 32) {
      let best0 = f32x4.splat(-Infinity), best1 = best0, nan0 = f32x4.splat(0), nan1 = nan0;
      for (let row = first + at, rows = row + lines; row < rows; row += line) {
        for (let pixel = row, pixels = row + across; pixel < pixels; pixel += step) {
          const a = v128.load(pixel), b = v128.load(pixel, 16);
          best0 = f32x4.pmax(best0, a);
          best1 = f32x4.pmax(best1, b);
          nan0 = v128.or(nan0, f32x4.ne(a, a));
          nan1 = v128.or(nan1, f32x4.ne(b, b));
        }
      }
      v128.store(to + at, v128.or(best0, nan0));
      v128.store(to + at, v128.or(best1, nan1), 16);
    }
    for (; at < step; at += 16) {
      let best = f32x4.splat(-Infinity), nan = f32x4.splat(0);
      for (let row = first + at, rows = row + lines; row < rows; row += line) {
        for (let pixel = row, pixels = row + across; pixel < pixels; pixel += step) {
          const a = v128.load(pixel);
          best = f32x4.pmax(best, a);
          nan = v128.or(nan, f32x4.ne(a, a));
        }
      }
      storeLanes(to + at, v128.or(best, nan), <i32>(step - at) >> 2);
    }
  }
}

/** As `max_pool_f32`, on bytes. */
export function max_pool_u8(
  y: usize, x: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  kernelHeight: i32, kernelWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32, begin: i32, end: i32,
): void {
  const step = <usize>channels, line = <usize>width * step;
  for (let unit = begin; unit < end; unit++) {
    const ox = unit % outWidth, oy = (unit / outWidth) % outHeight, n = unit / (outWidth * outHeight);
    const iy = oy * strideHeight - top, ix = ox * strideWidth - left;
    const y0 = max(iy, 0), y1 = min(iy + kernelHeight, height), x0 = max(ix, 0), x1 = min(ix + kernelWidth, width);
    const first = x + <usize>((n * height + y0) * width + x0) * step, to = y + <usize>unit * step;
    const lines = <usize>(y1 - y0) * line, across = <usize>(x1 - x0) * step;
    for (let at: usize = 0; at < step; at += 16) {
      let best = i8x16.splat(0);
      for (let row = first + at, rows = row + lines; row < rows; row += line) {
        for (let pixel = row, pixels = row + across; pixel < pixels; pixel += step) best = i8x16.max_u(best, v128.load(pixel));
      }
      storeBytes(to + at, best, <i32>(step - at));
    }
  }
}

/**
 * Which element of its window each maximum is, as ky * kernelWidth + kx, the first of equal ones; a NaN is passed over.
 * Rows of `index` are padded to whole vectors. Units are output pixels.
 */
export function max_pool_f32_index(
  index: usize, x: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  kernelHeight: i32, kernelWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32, begin: i32, end: i32,
): void {
  const step = <usize>channels << 2, line = <usize>width * step, padded = (step + 15) & ~15;
  for (let unit = begin; unit < end; unit++) {
    const ox = unit % outWidth, oy = (unit / outWidth) % outHeight, n = unit / (outWidth * outHeight);
    const iy = oy * strideHeight - top, ix = ox * strideWidth - left;
    const y0 = max(iy, 0), y1 = min(iy + kernelHeight, height), x0 = max(ix, 0), x1 = min(ix + kernelWidth, width);
    const first = x + <usize>((n * height + y0) * width + x0) * step, to = index + <usize>unit * padded;
    const lines = <usize>(y1 - y0) * line, across = <usize>(x1 - x0) * step, start = (y0 - iy) * kernelWidth + x0 - ix;
    let at: usize = 0;
    for (; at + 32 <= step; at += 32) {
      let number = start, best0 = f32x4.splat(-Infinity), best1 = best0, chosen0 = i32x4.splat(start), chosen1 = chosen0;
      for (let row = first + at, rows = row + lines; row < rows; row += line, number += kernelWidth) {
        let here = i32x4.splat(number);
        for (let pixel = row, pixels = row + across; pixel < pixels; pixel += step) {
          const a = v128.load(pixel), b = v128.load(pixel, 16);
          chosen0 = v128.bitselect(here, chosen0, f32x4.lt(best0, a));
          chosen1 = v128.bitselect(here, chosen1, f32x4.lt(best1, b));
          best0 = f32x4.pmax(best0, a);
          best1 = f32x4.pmax(best1, b);
          here = i32x4.add(here, i32x4.splat(1));
        }
      }
      v128.store(to + at, chosen0);
      v128.store(to + at, chosen1, 16);
    }
    for (; at < step; at += 16) {
      let number = start, best = f32x4.splat(-Infinity), chosen = i32x4.splat(start);
      for (let row = first + at, rows = row + lines; row < rows; row += line, number += kernelWidth) {
        let here = i32x4.splat(number);
        for (let pixel = row, pixels = row + across; pixel < pixels; pixel += step) {
          const a = v128.load(pixel);
          chosen = v128.bitselect(here, chosen, f32x4.lt(best, a));
          best = f32x4.pmax(best, a);
          here = i32x4.add(here, i32x4.splat(1));
        }
      }
      v128.store(to + at, chosen);
    }
  }
}

/** dx = sum of dy over the windows whose maximum is this element; units are pixels of dx, which each gather their windows. */
export function max_pool_f32_backward_x(
  dx: usize, dy: usize, index: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  kernelHeight: i32, kernelWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32, begin: i32, end: i32,
): void {
  const step = <usize>channels << 2, full = step & ~15, padded = (step + 15) & ~15;
  for (let unit = begin; unit < end; unit++) {
    const px = unit % width + left, py = (unit / width) % height + top, n = unit / (width * height);
    const y0 = py < kernelHeight ? 0 : (py - kernelHeight) / strideHeight + 1, y1 = min(py / strideHeight + 1, outHeight);
    const x0 = px < kernelWidth ? 0 : (px - kernelWidth) / strideWidth + 1, x1 = min(px / strideWidth + 1, outWidth);
    const to = dx + <usize>unit * step;
    clearRow(to, step);
    for (let oy = y0; oy < y1; oy++) {
      for (let ox = x0; ox < x1; ox++) {
        const window = <usize>((n * outHeight + oy) * outWidth + ox), from = dy + window * step, chosen = index + window * padded;
        const here = i32x4.splat((py - oy * strideHeight) * kernelWidth + px - ox * strideWidth);
        for (let at: usize = 0; at < full; at += 16) {
          v128.store(to + at, f32x4.add(v128.load(to + at), v128.and(v128.load(from + at), i32x4.eq(v128.load(chosen + at), here))));
        }
        if (full < step) {
          storeLanes(to + full, f32x4.add(v128.load(to + full), v128.and(v128.load(from + full), i32x4.eq(v128.load(chosen + full), here))), channels & 3);
        }
      }
    }
  }
}
