import type { conv2d } from "../../src/ops/conv2d.js";
import type { Expected, Tensor64 } from "../harness/test-op.js";

/** What conv2d computes, from its formula, with the sum of its terms' magnitudes. */
export function convolutionReference(
  { x, weight, bias }: Record<string, Tensor64>,
  { stride, padding, dilation, groups, low, high }: typeof conv2d.attributes,
): Expected {
  const [batch, height, width, channels] = x.shape;
  const [kh, kw, perGroup, out] = weight.shape;
  const outHeight = Math.floor((height + padding[0] + padding[1] - dilation[0] * (kh - 1) - 1) / stride[0]) + 1;
  const outWidth = Math.floor((width + padding[2] + padding[3] - dilation[1] * (kw - 1) - 1) / stride[1]) + 1;
  const y: Tensor64 = { shape: [batch, outHeight, outWidth, out], data: new Float64Array(batch * outHeight * outWidth * out) };
  const magnitude = y.data.slice();
  let at = 0;
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        for (let o = 0; o < out; o++, at++) {
          const first = Math.floor(o / (out / groups)) * perGroup;
          const terms = [bias ? bias.data[o] : 0];
          for (let ky = 0; ky < kh; ky++) {
            for (let kx = 0; kx < kw; kx++) {
              const iy = oy * stride[0] - padding[0] + ky * dilation[0];
              const ix = ox * stride[1] - padding[2] + kx * dilation[1];
              if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
              const pixel = ((n * height + iy) * width + ix) * channels + first;
              const tap = (ky * kw + kx) * perGroup;
              for (let c = 0; c < perGroup; c++) terms.push(x.data[pixel + c] * weight.data[(tap + c) * out + o]);
            }
          }
          y.data[at] = Math.min(
            Math.max(
              terms.reduce((sum, term) => sum + term),
              low,
            ),
            high,
          );
          magnitude[at] = terms.reduce((sum, term) => sum + Math.abs(term), 0);
        }
      }
    }
  }
  return { ...y, magnitude, terms: kh * kw * perGroup + 1 };
}
