import type { Shape } from "../../src/core/shape.js";
import { conv2d } from "../../src/ops/conv2d.js";
import { testOp, type Tensor64 } from "../harness/test-op.js";

const shapes = (x: Shape, weight: Shape, bias = true): Record<string, Shape> => (bias ? { x, weight, bias: [weight[3]] } : { x, weight });

testOp(conv2d, {
  cases: [
    { shapes: shapes([1, 1, 1, 1], [1, 1, 1, 1]) },
    { shapes: shapes([2, 5, 7, 3], [1, 1, 3, 8], false) },
    { shapes: shapes([1, 9, 9, 5], [1, 1, 5, 17]), attributes: { stride: [2, 2] } },
    { shapes: shapes([1, 3, 2, 512], [1, 1, 512, 5]) },
    { shapes: shapes([1, 3, 3, 2], [3, 3, 2, 512]), attributes: { padding: [1, 1, 1, 1] } },
    { shapes: shapes([1, 8, 8, 3], [3, 3, 3, 8]), attributes: { stride: [2, 2], padding: [0, 1, 0, 1], low: 0, high: 6 } },
    { shapes: shapes([2, 7, 6, 8], [3, 3, 8, 5]), attributes: { padding: [1, 1, 1, 1], low: 0 } },
    { shapes: shapes([1, 11, 9, 17], [3, 3, 17, 8], false), attributes: { padding: [1, 1, 1, 1], dilation: [2, 3] } },
    { shapes: shapes([2, 9, 7, 6], [3, 3, 2, 9]), attributes: { groups: 3, padding: [1, 1, 1, 1], stride: [2, 1] } },
    { shapes: shapes([1, 6, 6, 8], [3, 2, 1, 8]), attributes: { groups: 8, padding: [2, 0, 1, 0] } },
    { shapes: shapes([1, 13, 13, 3], [7, 7, 3, 4]), attributes: { stride: [2, 2], padding: [3, 3, 3, 3] } },
    { shapes: shapes([1, 11, 10, 2], [5, 4, 2, 3]), attributes: { stride: [3, 2], dilation: [2, 1], padding: [4, 5, 0, 3] } },
    { shapes: shapes([1, 12, 9, 4], [3, 3, 4, 3], false), attributes: { stride: [4, 6], dilation: [2, 4], padding: [1, 2, 7, 3] } },
    { shapes: shapes([1, 2, 3, 1], [2, 2, 1, 1]), attributes: { stride: [5, 5], padding: [4, 6, 4, 8] } },
    { shapes: shapes([3, 9, 8, 70], [3, 1, 70, 12]), attributes: { padding: [1, 1, 0, 0] } },
    { shapes: shapes([1, 3, 3, 200], [3, 3, 200, 3], false), attributes: { padding: [1, 1, 1, 1] } },
    { shapes: shapes([0, 4, 4, 3], [3, 3, 3, 4]) },
  ],
  reference({ x, weight, bias }, { stride, padding, dilation, groups, low, high }) {
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
  },
});
