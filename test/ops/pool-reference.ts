import type { Shape } from "../../src/core/shape.js";
import type { PoolWindow } from "../../src/ops/lowering/pool-window.js";
import type { Tensor64 } from "../harness/test-op.js";

/** PyTorch's output size, by counting the windows that start inside x or the padding before it. */
export function poolShape64(x: Shape, { kernel, stride, padding, ceilMode, dilation = [1, 1] }: PoolWindow): number[] {
  const sizes = [0, 1].map((axis) => {
    const [size, s, before, after] = [x[axis + 1], (stride.length ? stride : kernel)[axis], padding[2 * axis], padding[2 * axis + 1]];
    const k = (kernel[axis] - 1) * dilation[axis] + 1;
    let count = 0;
    for (let start = -before; ceilMode ? start < size && start - s + k < size + after : start + k <= size + after; start += s) count++;
    return count;
  });
  return [x[0], ...sizes, x[3]];
}

/** `f` of the elements of x in each window and of how many places the window has inside x and its padding. */
export function windowValues(
  x: Tensor64,
  shape: Shape,
  { kernel, stride, padding, dilation = [1, 1] }: PoolWindow,
  f: (values: number[], places: number) => number,
): Float64Array {
  const [n, height, width, channels] = shape;
  const [, rows, columns] = x.shape;
  const [down, across] = stride.length ? stride : kernel;
  const y = new Float64Array(n * height * width * channels);
  for (let i = 0; i < y.length; i++) {
    const c = i % channels;
    const left = (Math.floor(i / channels) % width) * across - padding[2];
    const top = (Math.floor(i / channels / width) % height) * down - padding[0];
    const image = Math.floor(i / channels / width / height);
    const values: number[] = [];
    let places = 0;
    for (let row = top; row < top + kernel[0] * dilation[0] && row < rows + padding[1]; row += dilation[0]) {
      for (let column = left; column < left + kernel[1] * dilation[1] && column < columns + padding[3]; column += dilation[1]) {
        places++;
        if (row >= 0 && row < rows && column >= 0 && column < columns) values.push(x.data[((image * rows + row) * columns + column) * channels + c]);
      }
    }
    y[i] = f(values, places);
  }
  return y;
}
