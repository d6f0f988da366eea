import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { poolShape, strideOf, type PoolWindow } from "./lowering/pool-window.js";

type Attributes = PoolWindow & {
  /** Divides by the window's elements inside x and its padding instead of those inside x alone. */
  readonly countIncludePad: boolean;
};
const defaults: Attributes = { kernel: [2, 2], stride: [], padding: [0, 0, 0, 0], ceilMode: false, countIncludePad: false };

/** Average pool over `[N, H, W, C]`; what a window reaches beyond the padding in `ceilMode` never counts. @see torch.nn.AvgPool2d */
export const averagePool = defineOp({
  name: "averagePool",
  summary: "y = mean of x over each window; stride defaults to the kernel, padding counts only with countIncludePad.",
  inputs: ["x"],
  attributes: defaults,
  shape: ({ x }, attributes, fail) => poolShape(x, attributes, fail),
  lower: (emit, { x, y }, attributes) => emit.call("average_pool_f32", [y, x, ...geometry(x.shape, y.shape, attributes)], pixelsOf(y.shape)),
  gradient: {
    x: ({ x, dy }, attributes) => averagePoolBackward({ dy }, { ...attributes, size: x.shape.slice(1, 3) }),
  },
  flops: ({ y }, { kernel }) => sizeOf(y) * kernel[0] * kernel[1],
});

export const averagePoolBackward = defineOp({
  name: "averagePoolBackward",
  summary: "dx = sum of dy / count over the windows that cover an element; size is x's height and width.",
  inputs: ["dy"],
  outputs: ["dx"],
  attributes: { ...defaults, size: [1, 1] as readonly number[] },
  shape: ({ dy }, { size }) => [dy[0], ...size, dy[3]],
  lower: (emit, { dx, dy }, attributes) => emit.call("average_pool_f32_backward_x", [dx, dy, ...geometry(dx.shape, dy.shape, attributes)], pixelsOf(dx.shape)),
  flops: ({ dy }, { kernel }) => sizeOf(dy) * kernel[0] * kernel[1],
});

function pixelsOf([n, height, width]: readonly number[]): number {
  return n * height * width;
}

function geometry(x: readonly number[], y: readonly number[], attributes: Attributes): number[] {
  return [x[1], x[2], x[3], y[1], y[2], ...attributes.kernel, ...strideOf(attributes), ...attributes.padding, Number(attributes.countIncludePad)];
}
