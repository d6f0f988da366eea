import { clearRow, storeBytes, storeLanes } from "../lanes";
import { firstWindow, pixelsAtOnce } from "../pools";
import { touch, touchRows } from "../touch";

/** y = max over each window inside x [N, H, W, C]; units are output pixels, n major. NaN anywhere in a window gives NaN. */
export function max_pool_f32(
  y: usize, x: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  kernelHeight: i32, kernelWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32, begin: i32, end: i32,
): void {
  if (kernelWidth <= 2) largest(
    2, y, x, height, width, channels, outHeight, outWidth,
    kernelHeight, kernelWidth, strideHeight, strideWidth, top, left, begin, end,
  );
  else largest(
    3, y, x, height, width, channels, outHeight, outWidth,
    kernelHeight, kernelWidth, strideHeight, strideWidth, top, left, begin, end,
  );
}

/**
 * `max_pool_f32` by `group` pixels of a line at a time, a constant. A group that reaches beyond the window takes its last pixel again, or begins earlier:
 * to the maximum it is the same. Sums, which any NaN makes NaN, tell where there may be one.
 */
// @ts-ignore: decorator
@inline
function largest(
  group: i32, y: usize, x: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  kernelHeight: i32, kernelWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32, begin: i32, end: i32,
): void {
  const step = <usize>channels << 2, line = <usize>width * step;
  const run = pixelsAtOnce(<usize>(kernelHeight * strideWidth) * step);
  for (let unit = begin; unit < end; ) {
    const ox = unit % outWidth, oy = (unit / outWidth) % outHeight, n = unit / (outWidth * outHeight), stop = min(end, unit + min(run, outWidth - ox));
    const iy = oy * strideHeight - top, y0 = max(iy, 0), y1 = min(iy + kernelHeight, height), lines = <usize>(y1 - y0) * line;
    const image = x + <usize>(n * height + y0) * line;
    let ix = ox * strideWidth - left;
    const from = max(ix, 0), until = min(ix + (stop - unit - 1) * strideWidth + kernelWidth, width);
    touchRows(image + <usize>from * step, y1 - y0, line, <usize>(until - from) * step);
    for (; unit < stop; unit++, ix += strideWidth) {
      const x0 = max(ix, 0), across = min(ix + kernelWidth, width) - x0;
      const second = <usize>min(1, across - 1) * step, third = <usize>min(2, across - 1) * step, last = <usize>max(across - group, 0) * step;
      for (let at = image + <usize>x0 * step, to = y + <usize>unit * step, count = channels; count > 0; count -= 8, at += 32, to += 32) {
        let best0 = f32x4.splat(-Infinity), best1 = best0, sum0 = f32x4.splat(0), sum1 = sum0;
        for (let row = at, rows = row + lines; row < rows; row += line) {
          for (let pixel: usize = 0; ; pixel = min(pixel + <usize>group * step, last)) {
            const a = row + pixel, b = a + second, a0 = v128.load(a), a1 = v128.load(a, 16), b0 = v128.load(b), b1 = v128.load(b, 16);
            best0 = f32x4.pmax(f32x4.pmax(best0, a0), b0);
            best1 = f32x4.pmax(f32x4.pmax(best1, a1), b1);
            sum0 = f32x4.add(sum0, f32x4.add(a0, b0));
            sum1 = f32x4.add(sum1, f32x4.add(a1, b1));
            if (group == 3) {
              const c = a + third, c0 = v128.load(c), c1 = v128.load(c, 16);
              best0 = f32x4.pmax(best0, c0);
              best1 = f32x4.pmax(best1, c1);
              sum0 = f32x4.add(sum0, c0);
              sum1 = f32x4.add(sum1, c1);
            }
            if (pixel == last) break;
          }
        }
        if (v128.any_true(v128.or(f32x4.ne(sum0, sum0), f32x4.ne(sum1, sum1)))) {
          best0 = v128.or(best0, hasNaN(at, lines, line, <usize>across * step, step));
          best1 = v128.or(best1, hasNaN(at + 16, lines, line, <usize>across * step, step));
        }
        storeLanes(to, best0, count);
        if (count > 4) storeLanes(to + 16, best1, count - 4);
      }
    }
  }
}

/** All ones where a window holds a NaN, else zeros. */
function hasNaN(first: usize, lines: usize, line: usize, across: usize, step: usize): v128 {
  let found = f32x4.splat(0);
  for (let row = first, rows = row + lines; row < rows; row += line) {
    for (let pixel = row, pixels = row + across; pixel < pixels; pixel += step) {
      const a = v128.load(pixel);
      found = v128.or(found, f32x4.ne(a, a));
    }
  }
  return found;
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
  const run = pixelsAtOnce(<usize>(kernelHeight * strideWidth) * step);
  for (let unit = begin; unit < end; ) {
    const ox = unit % outWidth, oy = (unit / outWidth) % outHeight, n = unit / (outWidth * outHeight), stop = min(end, unit + min(run, outWidth - ox));
    const iy = oy * strideHeight - top, y0 = max(iy, 0), y1 = min(iy + kernelHeight, height), lines = <usize>(y1 - y0) * line;
    const image = x + <usize>(n * height + y0) * line;
    let ix = ox * strideWidth - left;
    const from = max(ix, 0), until = min(ix + (stop - unit - 1) * strideWidth + kernelWidth, width);
    touchRows(image + <usize>from * step, y1 - y0, line, <usize>(until - from) * step);
    for (; unit < stop; unit++, ix += strideWidth) {
      const x0 = max(ix, 0), across = <usize>(min(ix + kernelWidth, width) - x0) * step, start = (y0 - iy) * kernelWidth + x0 - ix;
      for (let at = image + <usize>x0 * step, count = channels, to = index + <usize>unit * padded; count > 0; count -= 8, at += 32, to += 32) {
        let number = start, best0 = f32x4.splat(-Infinity), best1 = best0, chosen0 = i32x4.splat(start), chosen1 = chosen0;
        for (let row = at, rows = row + lines; row < rows; row += line, number += kernelWidth) {
          let here = number;
          for (let pixel = row, pixels = row + across; pixel < pixels; pixel += step, here++) {
            const a = v128.load(pixel), b = v128.load(pixel, 16), place = i32x4.splat(here);
            chosen0 = v128.bitselect(place, chosen0, f32x4.lt(best0, a));
            chosen1 = v128.bitselect(place, chosen1, f32x4.lt(best1, b));
            best0 = f32x4.pmax(best0, a);
            best1 = f32x4.pmax(best1, b);
          }
        }
        v128.store(to, chosen0);
        if (count > 4) v128.store(to, chosen1, 16);
      }
    }
  }
}

/** dx = sum of dy over the windows whose maximum is this element; units are pixels of dx, which each gather their windows. */
export function max_pool_f32_backward_x(
  dx: usize, dy: usize, index: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32,
  kernelHeight: i32, kernelWidth: i32, strideHeight: i32, strideWidth: i32, top: i32, left: i32, begin: i32, end: i32,
): void {
  const step = <usize>channels << 2, padded = (step + 15) & ~15, most = pixelsAtOnce(3 * step);
  for (let unit = begin; unit < end; ) {
    const column = unit % width, py = (unit / width) % height + top, n = unit / (width * height), stop = min(end, unit + min(most, width - column));
    const y0 = firstWindow(py, kernelHeight, strideHeight), y1 = min(py / strideHeight + 1, outHeight), image = n * outHeight;
    let px = column + left;
    const from = firstWindow(px, kernelWidth, strideWidth), until = min((px + stop - unit - 1) / strideWidth + 1, outWidth);
    for (let oy = y0; oy < y1; oy++) {
      const window = <usize>((image + oy) * outWidth + from);
      touch(dy + window * step, <usize>(until - from) * step);
      touch(index + window * padded, <usize>(until - from) * padded);
    }
    for (; unit < stop; unit++, px++) {
      const x0 = firstWindow(px, kernelWidth, strideWidth), x1 = min(px / strideWidth + 1, outWidth), to = dx + <usize>unit * step;
      if (y0 >= y1 || x0 >= x1) clearRow(to, step);
      for (let oy = y0; oy < y1; oy++) {
        for (let ox = x0; ox < x1; ox++) {
          const window = <usize>((image + oy) * outWidth + ox);
          const here = i32x4.splat((py - oy * strideHeight) * kernelWidth + px - ox * strideWidth);
          if (oy == y0 && ox == x0) gather(false, to, dy + window * step, index + window * padded, here, channels);
          else gather(true, to, dy + window * step, index + window * padded, here, channels);
        }
      }
    }
  }
}

/** to = dy where the chosen place is `here`, else 0; or adds that to it. */
// @ts-ignore: decorator
@inline
function gather(adds: bool, to: usize, dy: usize, chosen: usize, here: v128, channels: i32): void {
  for (; channels > 0; channels -= 4, to += 16, dy += 16, chosen += 16) {
    const share = v128.and(v128.load(dy), i32x4.eq(v128.load(chosen), here));
    storeLanes(to, adds ? f32x4.add(v128.load(to), share) : share, channels);
  }
}
