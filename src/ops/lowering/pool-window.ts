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
};

export function strideOf({ kernel, stride }: PoolWindow): readonly number[] {
  return stride.length ? stride : kernel;
}

/** Output shape as PyTorch's pooling gives it. @see torch.nn.MaxPool2d, `ceil_mode` */
export function poolShape(x: Shape, window: PoolWindow, fail: (message: string) => never): Shape {
  const { kernel, padding, ceilMode } = window;
  const stride = strideOf(window);
  if (x.length !== 4) fail("x expects 4 axes [N,H,W,C]");
  if (kernel.length !== 2 || stride.length !== 2 || padding.length !== 4)
    fail(`expected 2 numbers for kernel and stride and 4 for padding, got ${kernel.length}, ${stride.length}, ${padding.length}`);
  if ([...kernel, ...stride].some((size) => !(size >= 1)) || padding.some((size) => !(size >= 0)))
    fail(`kernel [${kernel}] and stride [${stride}] expect 1 or more, padding [${padding}] 0 or more`);
  const [height, width] = [0, 1].map((axis) => {
    const [size, k, s, before, after] = [x[axis + 1], kernel[axis], stride[axis], padding[2 * axis], padding[2 * axis + 1]];
    if (before >= k || after >= k) fail(`padding [${padding}] expects less than the kernel [${kernel}], or a window would hold nothing`);
    if (size + before + after < k) fail(`the kernel [${kernel}] is larger than x with its padding [${padding}]`);
    const steps = (size + before + after - k) / s;
    if (!ceilMode) return Math.floor(steps) + 1;
    const last = Math.ceil(steps);
    return last * s >= size + before ? last : last + 1;
  });
  return [x[0], height, width, x[3]];
}
