import { storeLanes } from "../../lanes";
import { maximum } from "../../simd";

/** y = max over each window of x [N, H, W, C] whose elements lie `dilation` apart; NaN in a window gives NaN. Units are output pixels, n major. */
export function max_pool_f32_dilated(
  y: usize, x: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, top: i32, left: i32, dilationHeight: i32, dilationWidth: i32, begin: i32, end: i32,
): void {
  for (let unit = begin; unit < end; unit++) {
    const ox = unit % outWidth, oy = (unit / outWidth) % outHeight, image = unit / (outWidth * outHeight) * height;
    for (let channel = 0; channel < channels; channel += 4) {
      let best = f32x4.splat(-Infinity);
      for (let ky = 0, row = oy * strideHeight - top; ky < kernelHeight; ky++, row += dilationHeight) {
        for (let kx = 0, column = ox * strideWidth - left; kx < kernelWidth; kx++, column += dilationWidth) {
          if (<u32>row >= <u32>height || <u32>column >= <u32>width) continue;
          best = maximum(best, v128.load(x + (<usize>((image + row) * width + column) * channels + channel << 2)));
        }
      }
      storeLanes(y + (<usize>unit * channels + channel << 2), best, channels - channel);
    }
  }
}

/** dx = sum of dy over the windows in which x is the first maximum. Units: channels of images. */
export function max_pool_f32_dilated_backward_x(
  dx: usize, dy: usize, x: usize, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, kernelHeight: i32, kernelWidth: i32,
  strideHeight: i32, strideWidth: i32, top: i32, left: i32, dilationHeight: i32, dilationWidth: i32, begin: i32, end: i32,
): void {
  for (let unit = begin; unit < end; unit++) {
    const channel = unit % channels, image = unit / channels * height;
    for (let i = 0; i < height * width; i++) store<f32>(dx + (<usize>(image * width + i) * channels + channel << 2), 0);
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        let chosen: usize = 0, best: f32 = -Infinity;
        for (let ky = 0, row = oy * strideHeight - top; ky < kernelHeight; ky++, row += dilationHeight) {
          for (let kx = 0, column = ox * strideWidth - left; kx < kernelWidth; kx++, column += dilationWidth) {
            if (<u32>row >= <u32>height || <u32>column >= <u32>width) continue;
            const at = <usize>((image + row) * width + column) * channels + channel << 2, value = load<f32>(x + at);
            if (value > best || chosen == 0) {
              best = value;
              chosen = dx + at;
            }
          }
        }
        const window = (unit / channels * outHeight + oy) * outWidth + ox;
        if (chosen) store<f32>(chosen, load<f32>(chosen) + load<f32>(dy + (<usize>window * channels + channel << 2)));
      }
    }
  }
}
