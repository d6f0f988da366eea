import { formatShape } from "../core/shape.js";
import { defineOp } from "../graph/op.js";

/** What attention between two pixels of a window gets by their distance (Liu et al. 2021, equation 4). */
export const relativePositionBias = defineOp({
  name: "relativePositionBias",
  summary:
    "y [heads, h w, h w] with y[k, (a, b), (c, d)] = table[(a - c + h - 1) (2 w - 1) + b - d + w - 1, k]; table [(2 h - 1) (2 w - 1), heads], window [h, w].",
  inputs: ["table"],
  attributes: { window: [1, 1] as readonly number[] },
  shape({ table }, { window }, fail) {
    const [height, width] = window;
    const distances = (2 * height - 1) * (2 * width - 1);
    if (window.length !== 2 || window.some((size) => !(Number.isInteger(size) && size >= 1))) fail(`expected a window [h, w], got ${formatShape(window)}`);
    if (table.length !== 2 || table[0] !== distances) fail(`expected table [${distances}, heads]`);
    return [table[1], height * width, height * width];
  },
  lower: (emit, { y, table }, { window }) =>
    emit.call("relative_position_bias_f32", [y, table, table.shape[1], ...window], table.shape[1] * window[0] * window[1]),
  gradient: { table: ({ table, dy }, { window }) => relativePositionBiasBackward({ dy }, { window, heads: table.shape[1] }) },
});

export const relativePositionBiasBackward = defineOp({
  name: "relativePositionBiasBackward",
  summary: "dtable [(2 h - 1) (2 w - 1), heads] = sum of dy over all pairs of pixels at each distance.",
  inputs: ["dy"],
  outputs: ["dtable"],
  attributes: { window: [1, 1] as readonly number[], heads: 1 },
  shape: (_, { window: [height, width], heads }) => [(2 * height - 1) * (2 * width - 1), heads],
  lower: (emit, { dtable, dy }, { window, heads }) => emit.call("relative_position_bias_f32_backward", [dtable, dy, heads, ...window], dtable.shape[0]),
  flops: ({ dy }) => dy.reduce((size, length) => size * length, 1),
});
