import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/** Mean over height and width, `[N, H, W, C]`, floats or quantised bytes, -> `[N, C]` floats. @see torch.nn.AdaptiveAvgPool2d(1) and flatten */
export const globalAveragePool = defineOp({
  name: "globalAveragePool",
  summary: "y = mean of x over height and width.",
  inputs: ["x"],
  attributes: {},
  shape({ x }, _, fail) {
    if (x.length !== 4) fail("x expects 4 axes [N,H,W,C]");
    if (x[1] * x[2] === 0) fail("expected at least one pixel, got none");
    return [x[0], x[3]];
  },
  type: () => ({ dtype: "float32" }),
  lower(emit, { x, y }) {
    const [n, height, width, channels] = x.shape;
    if (x.quantization) {
      const { scale, zeroPoint } = x.quantization;
      const pixels = height * width;
      return emit.call("global_average_pool_u8", [y, x, pixels, channels, zeroPoint, scale / pixels], n * Math.ceil(channels / 16));
    }
    emit.call("global_average_pool_f32", [y, x, height * width, channels], n * Math.ceil(channels / 4));
  },
  gradient: { x: ({ x, dy }) => globalAveragePoolBackward({ dy }, { size: x.shape.slice(1, 3) }) },
  flops: ({ x }) => sizeOf(x),
});

export const globalAveragePoolBackward = defineOp({
  name: "globalAveragePoolBackward",
  summary: "dx = dy / (height * width) at every pixel; size is x's height and width.",
  inputs: ["dy"],
  outputs: ["dx"],
  attributes: { size: [1, 1] as readonly number[] },
  shape: ({ dy }, { size }) => [dy[0], ...size, dy[1]],
  lower(emit, { dx, dy }) {
    const [n, height, width, channels] = dx.shape;
    emit.call("global_average_pool_f32_backward_x", [dx, dy, height * width, channels], n * height * width);
  },
  flops: ({ dy }, { size }) => sizeOf(dy) * size[0] * size[1],
});
