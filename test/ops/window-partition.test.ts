import { windowMerge, windowPartition } from "../../src/ops/window-partition.js";
import { elementAt, positionsOf, testOp } from "../harness/test-op.js";

const cases = [
  { x: [2, 4, 6, 3], window: 2, shift: [0, 0] },
  { x: [1, 6, 6, 5], window: 3, shift: [1, 1] },
  { x: [2, 5, 7, 4], window: 3, shift: [1, 2] },
  { x: [1, 2, 3, 8], window: 4, shift: [0, 0] },
  { x: [1, 9, 4, 1], window: 4, shift: [2, 0] },
];

/** The pixel of x [N, height, width, C] that place `token` of window `index` shows; outside of x where there is padding. */
function pixelOf(index: number, token: number, [, height, width]: readonly number[], window: number, shift: readonly number[]) {
  const [down, across] = [Math.ceil(height / window), Math.ceil(width / window)];
  const image = Math.floor(index / (down * across));
  const line = Math.floor((index % (down * across)) / across) * window + Math.floor(token / window) + shift[0];
  const pixel = (index % across) * window + (token % window) + shift[1];
  return [image, line % (down * window), pixel % (across * window)];
}

testOp(windowPartition, {
  cases: cases.map(({ x, window, shift }) => ({ shapes: { x }, attributes: { window, shift } })),
  reference({ x }, { window, shift }) {
    const [images, height, width, channels] = x.shape;
    const shape = [images * Math.ceil(height / window) * Math.ceil(width / window), window ** 2, channels];
    const data = positionsOf(shape).map(([index, token, channel]) => {
      const [image, line, pixel] = pixelOf(index, token, x.shape, window, shift);
      return line < height && pixel < width ? elementAt(x, [image, line, pixel, channel]) : 0;
    });
    return { shape, data: Float64Array.from(data) };
  },
});

testOp(windowMerge, {
  cases: cases.map(({ x: [images, height, width, channels], window, shift }) => ({
    shapes: { x: [images * Math.ceil(height / window) * Math.ceil(width / window), window ** 2, channels] },
    attributes: { height, width, window, shift },
  })),
  reference({ x }, { height, width, window, shift }) {
    const images = x.shape[0] / Math.ceil(height / window) / Math.ceil(width / window);
    const shape = [images, height, width, x.shape[2]];
    const data = new Float64Array(shape.reduce((a, b) => a * b));
    for (const [index, token, channel] of positionsOf(x.shape)) {
      const [image, line, pixel] = pixelOf(index, token, shape, window, shift);
      if (line < height && pixel < width) data[((image * height + line) * width + pixel) * x.shape[2] + channel] = elementAt(x, [index, token, channel]);
    }
    return { shape, data };
  },
});
