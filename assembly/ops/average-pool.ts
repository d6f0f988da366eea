import { clearRow, storeLanes } from "../lanes";
import { firstWindow, pixelsAtOnce } from "../pools";
import { touchRows } from "../touch";

/** Elements that a window's sum is divided by: those inside x, or inside x and its padding. */
// @ts-ignore: decorator
@inline
function divisor(start: i32, kernel: i32, size: i32, after: i32, countPadding: bool): i32 {
  return countPadding ? min(start + kernel, size + after) - start : min(start + kernel, size) - max(start, 0);
}

/** y = mean over each window of x [N, H, W, C]; units are output pixels, n major. */
export function average_pool_f32(
  y: usize, x: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, top: i32, bottom: i32, left: i32, right: i32, countPadding: bool, begin: i32, end: i32,
): void {
  const step = <usize>channels << 2, line = <usize>width * step;
  const run = pixelsAtOnce(<usize>(kernelHeight * strideWidth) * step);
  for (let unit = begin; unit < end; ) {
    const ox = unit % outWidth, oy = (unit / outWidth) % outHeight, n = unit / (outWidth * outHeight), stop = min(end, unit + min(run, outWidth - ox));
    const iy = oy * strideHeight - top, y0 = max(iy, 0), y1 = min(iy + kernelHeight, height), lines = <usize>(y1 - y0) * line;
    const tall = divisor(iy, kernelHeight, height, bottom, countPadding), image = x + <usize>(n * height + y0) * line;
    let ix = ox * strideWidth - left;
    const from = max(ix, 0), until = min(ix + (stop - unit - 1) * strideWidth + kernelWidth, width);
    touchRows(image + <usize>from * step, y1 - y0, line, <usize>(until - from) * step);
    for (; unit < stop; unit++, ix += strideWidth) {
      const x0 = max(ix, 0), across = <usize>(min(ix + kernelWidth, width) - x0) * step;
      const count = f32x4.splat(<f32>(tall * divisor(ix, kernelWidth, width, right, countPadding)));
      for (let at = image + <usize>x0 * step, to = y + <usize>unit * step, lanes = channels; lanes > 0; lanes -= 8, at += 32, to += 32) {
        let sum0 = f32x4.splat(0), sum1 = sum0;
        for (let row = at, rows = row + lines; row < rows; row += line) {
          for (let pixel = row, pixels = row + across; pixel < pixels; pixel += step) {
            sum0 = f32x4.add(sum0, v128.load(pixel));
            sum1 = f32x4.add(sum1, v128.load(pixel, 16));
          }
        }
        storeLanes(to, f32x4.div(sum0, count), lanes);
        if (lanes > 4) storeLanes(to + 16, f32x4.div(sum1, count), lanes - 4);
      }
    }
  }
}

/** dx = sum of dy / count over the windows that cover this element; units are pixels of dx. */
export function average_pool_f32_backward_x(
  dx: usize, dy: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, top: i32, bottom: i32, left: i32, right: i32, countPadding: bool, begin: i32, end: i32,
): void {
  const step = <usize>channels << 2, run = pixelsAtOnce(2 * step);
  for (let unit = begin; unit < end; ) {
    const column = unit % width, py = (unit / width) % height + top, n = unit / (width * height), stop = min(end, unit + min(run, width - column));
    const y0 = firstWindow(py, kernelHeight, strideHeight), y1 = min(py / strideHeight + 1, outHeight);
    let px = column + left;
    const from = firstWindow(px, kernelWidth, strideWidth), until = min((px + stop - unit - 1) / strideWidth + 1, outWidth);
    const image = dy + <usize>n * outHeight * outWidth * step, line = <usize>outWidth * step;
    touchRows(image + <usize>y0 * line + <usize>from * step, y1 - y0, line, <usize>(until - from) * step);
    for (; unit < stop; unit++, px++) {
      const x0 = firstWindow(px, kernelWidth, strideWidth), x1 = min(px / strideWidth + 1, outWidth), to = dx + <usize>unit * step;
      if (y0 >= y1 || x0 >= x1) clearRow(to, step);
      for (let oy = y0; oy < y1; oy++) {
        const tall = divisor(oy * strideHeight - top, kernelHeight, height, bottom, countPadding);
        for (let ox = x0; ox < x1; ox++) {
          const count = f32x4.splat(<f32>(tall * divisor(ox * strideWidth - left, kernelWidth, width, right, countPadding)));
          const window = image + <usize>oy * line + <usize>ox * step;
          if (oy == y0 && ox == x0) shareOut(false, to, window, count, channels);
          else shareOut(true, to, window, count, channels);
        }
      }
    }
  }
}

/** to = dy / count; or adds that to it. */
// @ts-ignore: decorator
@inline
function shareOut(adds: bool, to: usize, dy: usize, count: v128, channels: i32): void {
  for (; channels > 0; channels -= 4, to += 16, dy += 16) {
    const share = f32x4.div(v128.load(dy), count);
    storeLanes(to, adds ? f32x4.add(v128.load(to), share) : share, channels);
  }
}
