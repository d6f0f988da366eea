import { formatShape, sameShape, sizeOf, type Shape } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp, type Op } from "../graph/op.js";

/** Windows below and beside each other that cover an image. */
const gridOf = (height: number, width: number, window: number) => [Math.ceil(height / window), Math.ceil(width / window)];

/** What both kernels are told of x [N, H, W, C]. */
function geometry([, height, width, channels]: Shape, window: number, [shiftY, shiftX]: readonly number[]) {
  return [height, width, channels, window, shiftY, shiftX, ...gridOf(height, width, window)];
}

function checkWindow(window: number, shift: readonly number[], fail: (message: string) => never): void {
  if (!(Number.isInteger(window) && window >= 1)) fail(`expected a window of whole pixels, got ${window}`);
  if (shift.length !== 2 || shift.some((size) => !(Number.isInteger(size) && size >= 0 && size < window)))
    fail(`expected a shift [y, x] below ${window}, got ${formatShape(shift)}`);
}

/** Cuts images into windows for attention inside each (Liu et al. 2021, section 3.2), after a cyclic shift up and left. */
export const windowPartition: Op<{ window: number; shift: readonly number[] }> = defineOp({
  name: "windowPartition",
  summary:
    "y [N windows, window^2, C]: x [N, H, W, C], padded with zeros below and right to whole windows, rolled by -shift [y, x], cut into windows from left to right, then down.",
  inputs: ["x"],
  attributes: { window: 1, shift: [0, 0] as readonly number[] },
  shape({ x }, { window, shift }, fail) {
    if (x.length !== 4) fail("expected x [N, H, W, C]");
    checkWindow(window, shift, fail);
    const [down, across] = gridOf(x[1], x[2], window);
    return [x[0] * down * across, window * window, x[3]];
  },
  lower(emit, { y, x }, { window, shift }) {
    emit.call("window_partition_f32", [y, x, ...geometry(x.shape, window, shift)], y.shape[0] * window);
  },
  gradient: {
    x: ({ x, dy }, { window, shift }): Value => windowMerge({ x: dy }, { height: x.shape[1], width: x.shape[2], window, shift }),
  },
});

export const windowMerge: Op<{ height: number; width: number; window: number; shift: readonly number[] }> = defineOp({
  name: "windowMerge",
  summary: "y [N, height, width, C] of which x [N windows, window^2, C] are the windows: windowPartition the other way round.",
  inputs: ["x"],
  attributes: { height: 1, width: 1, window: 1, shift: [0, 0] as readonly number[] },
  shape({ x }, { height, width, window, shift }, fail) {
    checkWindow(window, shift, fail);
    const windows = sizeOf(gridOf(height, width, window));
    if (x.length !== 3 || x[0] % windows !== 0 || !sameShape([x[1]], [window * window])) fail(`expected x [N * ${windows}, ${window * window}, C]`);
    return [x[0] / windows, height, width, x[2]];
  },
  lower(emit, { y, x }, { height, window, shift }) {
    emit.call("window_merge_f32", [y, x, ...geometry(y.shape, window, shift)], y.shape[0] * height);
  },
  gradient: { x: ({ dy }, { window, shift }): Value => windowPartition({ x: dy }, { window, shift }) },
});
