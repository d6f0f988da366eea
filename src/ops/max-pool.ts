import { UnsupportedOpError } from "../core/errors.js";
import { sizeOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { poolShape, strideOf, type PoolWindow } from "./lowering/pool-window.js";

const defaults: Required<PoolWindow> = { kernel: [2, 2], stride: [], padding: [0, 0, 0, 0], ceilMode: false, dilation: [1, 1] };

/** Max pool over `[N, H, W, C]`, of floats or quantised bytes; padding never wins, NaN does. @see torch.nn.MaxPool2d */
export const maxPool = defineOp({
  name: "maxPool",
  summary: "y = max of x over each window; stride defaults to the kernel.",
  inputs: ["x"],
  attributes: defaults,
  shape: ({ x }, attributes, fail) => poolShape(x, attributes, fail),
  type({ x: { dtype, quantization } }, { dilation }) {
    if (dtype === "uint8" && isDilated(dilation)) throw new UnsupportedOpError("maxPool: dilated windows take float32, got uint8");
    return { dtype, quantization };
  },
  lower(emit, { x, y }, attributes) {
    const numbers = geometry(x.shape, y.shape, attributes);
    if (isDilated(attributes.dilation)) return emit.call("max_pool_f32_dilated", [y, x, ...numbers, ...attributes.dilation], pixelsOf(y.shape));
    emit.call(x.dtype === "uint8" ? "max_pool_u8" : "max_pool_f32", [y, x, ...numbers], pixelsOf(y.shape));
  },
  gradient: { x: ({ x, dy }, attributes) => maxPoolBackward({ dy, x }, attributes) },
  flops: ({ y }, { kernel }) => sizeOf(y) * kernel[0] * kernel[1],
});

export const maxPoolBackward = defineOp({
  name: "maxPoolBackward",
  summary: "dx = sum of dy over the windows in which x is the first maximum.",
  inputs: ["dy", "x"],
  outputs: ["dx"],
  attributes: defaults,
  shape: ({ x }) => x,
  lower(emit, { dx, dy, x }, attributes) {
    const numbers = geometry(x.shape, dy.shape, attributes);
    const { dilation } = attributes;
    if (isDilated(dilation)) return emit.call("max_pool_f32_dilated_backward_x", [dx, dy, x, ...numbers, ...dilation], x.shape[0] * x.shape[3]);
    const index = emit.scratch(pixelsOf(dy.shape) * 16 * Math.ceil(x.shape[3] / 4));
    emit.call("max_pool_f32_index", [index, x, ...numbers], pixelsOf(dy.shape));
    emit.call("max_pool_f32_backward_x", [dx, dy, index, ...numbers], pixelsOf(x.shape));
  },
  flops: ({ dy }, { kernel }) => 3 * sizeOf(dy) * kernel[0] * kernel[1],
});

function isDilated([down, across]: readonly number[]): boolean {
  return down > 1 || across > 1;
}

function pixelsOf([n, height, width]: readonly number[]): number {
  return n * height * width;
}

function geometry(x: readonly number[], y: readonly number[], window: PoolWindow): number[] {
  const [top, , left] = window.padding;
  return [x[1], x[2], x[3], y[1], y[2], ...window.kernel, ...strideOf(window), top, left];
}
