import type { Shape } from "../../core/shape.js";

/** Windows of a pool over `[N, H, W, C]`. */
export type PoolWindow = {
  /** Height and width of a window. */
  readonly kernel: readonly number[];
  /** Steps down and across; empty: as large as the kernel. */
  readonly stride: readonly number[];
  /** Rows above and below, columns left and right: `[top, bottom, left, right]`. */
  readonly padding: readonly number[];
  /** Keeps a last window that reaches beyond the padding, unless it would start there. */
  readonly ceilMode: boolean;
  /** Steps between a window's elements down and across, default 1. */
  readonly dilation?: readonly number[];
};

export function strideOf({ kernel, stride }: PoolWindow): readonly number[] {
  return stride.length ? stride : kernel;
}

/** Output shape as PyTorch's pooling gives it. @see torch.nn.MaxPool2d, `ceil_mode` */
export function poolShape(x: Shape, window: PoolWindow, fail: (message: string) => never): Shape {
  const { kernel, padding, ceilMode, dilation = [1, 1] } = window;
  const stride = strideOf(window);
  if (x.length !== 4) fail("x expects 4 axes [N,H,W,C]");
  if (kernel.length !== 2 || stride.length !== 2 || dilation.length !== 2 || padding.length !== 4)
    fail(`expected 2 numbers for kernel, stride and dilation and 4 for padding, got ${kernel.length}, ${stride.length}, ${dilation.length}, ${padding.length}`);
  const whole = (sizes: readonly number[], least: number) => sizes.every((size) => Number.isInteger(size) && size >= least);
  if (!whole([...kernel, ...stride, ...dilation], 1) || !whole(padding, 0))
    fail(`kernel [${kernel}], stride [${stride}] and dilation [${dilation}] expect whole numbers of 1 or more, padding [${padding}] of 0 or more`);
  const [height, width] = [0, 1].map((axis) => {
    const [size, s, before, after] = [x[axis + 1], stride[axis], padding[2 * axis], padding[2 * axis + 1]];
    const k = dilation[axis] * (kernel[axis] - 1) + 1;
    if (before >= k || after >= k) fail(`padding [${padding}] expects less than the kernel [${kernel}], or a window would hold nothing`);
    const steps = (size + before + after - k) / s;
    const last = ceilMode ? Math.ceil(steps) : Math.floor(steps);
    const count = ceilMode && last * s >= size + before ? last : last + 1;
    if (count < 1) fail(`the kernel [${kernel}] is larger than x with its padding [${padding}]`);
    return count;
  });
  return [x[0], height, width, x[3]];
}
