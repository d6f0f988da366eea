import { clearRow, storeLanes } from "../lanes";

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
  for (let unit = begin; unit < end; unit++) {
    const ox = unit % outWidth, oy = (unit / outWidth) % outHeight, n = unit / (outWidth * outHeight);
    const iy = oy * strideHeight - top, ix = ox * strideWidth - left;
    const y0 = max(iy, 0), y1 = min(iy + kernelHeight, height), x0 = max(ix, 0), x1 = min(ix + kernelWidth, width);
    const count = f32x4.splat(<f32>(divisor(iy, kernelHeight, height, bottom, countPadding) * divisor(ix, kernelWidth, width, right, countPadding)));
    const first = x + <usize>((n * height + y0) * width + x0) * step, to = y + <usize>unit * step;
    const lines = <usize>(y1 - y0) * line, across = <usize>(x1 - x0) * step;
    for (let at: usize = 0; at < step; at += 16) {
      let sum = f32x4.splat(0);
      for (let row = first + at, rows = row + lines; row < rows; row += line) {
        for (let pixel = row, pixels = row + across; pixel < pixels; pixel += step) sum = f32x4.add(sum, v128.load(pixel));
      }
      storeLanes(to + at, f32x4.div(sum, count), <i32>(step - at) >> 2);
    }
  }
}

/** dx = sum of dy / count over the windows that cover this element; units are pixels of dx. */
export function average_pool_f32_backward_x(
  dx: usize, dy: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, top: i32, bottom: i32, left: i32, right: i32, countPadding: bool, begin: i32, end: i32,
): void {
  const step = <usize>channels << 2;
  for (let unit = begin; unit < end; unit++) {
    const px = unit % width + left, py = (unit / width) % height + top, n = unit / (width * height);
    const y0 = py < kernelHeight ? 0 : (py - kernelHeight) / strideHeight + 1, y1 = min(py / strideHeight + 1, outHeight);
    const x0 = px < kernelWidth ? 0 : (px - kernelWidth) / strideWidth + 1, x1 = min(px / strideWidth + 1, outWidth);
    const to = dx + <usize>unit * step;
    clearRow(to, step);
    for (let oy = y0; oy < y1; oy++) {
      const tall = divisor(oy * strideHeight - top, kernelHeight, height, bottom, countPadding);
      for (let ox = x0; ox < x1; ox++) {
        const count = f32x4.splat(<f32>(tall * divisor(ox * strideWidth - left, kernelWidth, width, right, countPadding)));
        const from = dy + <usize>((n * outHeight + oy) * outWidth + ox) * step;
        for (let at: usize = 0; at < step; at += 16) {
          storeLanes(to + at, f32x4.add(v128.load(to + at), f32x4.div(v128.load(from + at), count)), <i32>(step - at) >> 2);
        }
      }
    }
  }
}
