import type { Shape } from "../../src/core/shape.js";
import { depthwiseConv2d } from "../../src/ops/depthwise.js";
import { testOp, type Tensor64 } from "../harness/test-op.js";

const shapes = (x: Shape, [kh, kw]: readonly number[], bias = true): Record<string, Shape> => {
  const weight = [kh, kw, 1, x[3]];
  return bias ? { x, weight, bias: [x[3]] } : { x, weight };
};

testOp(depthwiseConv2d, {
  cases: [
    { shapes: shapes([1, 1, 1, 1], [1, 1]) },
    { shapes: shapes([2, 5, 7, 3], [1, 1], false) },
    { shapes: shapes([1, 7, 7, 8], [3, 3]), attributes: { padding: [1, 1, 1, 1], low: 0, high: 6 } },
    { shapes: shapes([2, 9, 11, 5], [3, 3], false), attributes: { padding: [1, 1, 1, 1] } },
    { shapes: shapes([1, 12, 12, 17], [3, 3]), attributes: { padding: [1, 1, 1, 1], stride: [2, 2], low: 0 } },
    { shapes: shapes([2, 8, 9, 4], [3, 3]), attributes: { padding: [0, 1, 0, 1], stride: [2, 2] } },
    { shapes: shapes([1, 3, 3, 40], [3, 3]), attributes: { padding: [1, 1, 1, 1] } },
    { shapes: shapes([1, 9, 14, 6], [5, 5]), attributes: { padding: [2, 2, 2, 2] } },
    { shapes: shapes([1, 13, 10, 6], [5, 5], false), attributes: { padding: [1, 2, 1, 2], stride: [2, 2] } },
    { shapes: shapes([1, 9, 9, 4], [7, 7]), attributes: { padding: [3, 3, 3, 3] } },
    { shapes: shapes([1, 15, 16, 5], [7, 7]), attributes: { padding: [3, 3, 3, 3], stride: [2, 2] } },
    { shapes: shapes([1, 10, 11, 8], [3, 3]), attributes: { padding: [2, 2, 2, 2], dilation: [2, 2] } },
    { shapes: shapes([1, 11, 13, 3], [2, 4]), attributes: { padding: [1, 0, 2, 3], stride: [3, 1], dilation: [2, 1] } },
    { shapes: shapes([1, 12, 9, 4], [3, 9], false), attributes: { stride: [4, 2], dilation: [2, 1], padding: [1, 2, 7, 3] } },
    { shapes: shapes([1, 2, 3, 1], [2, 2]), attributes: { stride: [5, 5], padding: [4, 6, 4, 8] } },
    { shapes: shapes([0, 4, 4, 3], [3, 3]) },
  ],
  reference({ x, weight, bias }, { stride, padding, dilation, low, high }) {
    const [batch, height, width, channels] = x.shape;
    const [kh, kw] = weight.shape;
    const outHeight = Math.floor((height + padding[0] + padding[1] - dilation[0] * (kh - 1) - 1) / stride[0]) + 1;
    const outWidth = Math.floor((width + padding[2] + padding[3] - dilation[1] * (kw - 1) - 1) / stride[1]) + 1;
    const y: Tensor64 = { shape: [batch, outHeight, outWidth, channels], data: new Float64Array(batch * outHeight * outWidth * channels) };
    const magnitude = y.data.slice();
    for (let at = 0; at < y.data.length; at++) {
      const c = at % channels;
      const ox = Math.floor(at / channels) % outWidth;
      const oy = Math.floor(at / channels / outWidth) % outHeight;
      const n = Math.floor(at / channels / outWidth / outHeight);
      let sum = bias ? bias.data[c] : 0;
      magnitude[at] = Math.abs(sum);
      for (let ky = 0; ky < kh; ky++) {
        for (let kx = 0; kx < kw; kx++) {
          const iy = oy * stride[0] - padding[0] + ky * dilation[0];
          const ix = ox * stride[1] - padding[2] + kx * dilation[1];
          if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
          const term = x.data[((n * height + iy) * width + ix) * channels + c] * weight.data[(ky * kw + kx) * channels + c];
          sum += term;
          magnitude[at] += Math.abs(term);
        }
      }
      y.data[at] = Math.min(Math.max(sum, low), high);
    }
    return { ...y, magnitude, terms: kh * kw + 1 };
  },
});
