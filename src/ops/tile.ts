import { formatShape, stridesOf, type Shape } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { copyStrided } from "./lowering/strided.js";
import { reshape } from "./reshape.js";
import { sum } from "./sum.js";

export const tile = defineOp({
  name: "tile",
  summary: "y = x repeated `repeats` times along each axis.",
  inputs: ["x"],
  attributes: { repeats: [] as readonly number[] },
  shape({ x }, { repeats }, fail) {
    if (repeats.length !== x.length || repeats.some((count) => !Number.isInteger(count) || count < 0))
      fail(`expected ${x.length} counts of 0 or more, got ${formatShape(repeats)}`);
    return x.map((size, axis) => size * repeats[axis]);
  },
  lower(emit, { x, y }, { repeats }) {
    const [from, to] = [stridesOf(x.shape), stridesOf(y.shape)];
    const axes = x.shape.flatMap((size, axis) => [
      { size: repeats[axis], from: 0, to: to[axis] * size },
      { size, from: from[axis], to: to[axis] },
    ]);
    copyStrided(emit, y, x, axes);
  },
  gradient: {
    x({ x, dy }, { repeats }) {
      const shape: Shape = x.shape.flatMap((size, axis) => [repeats[axis], size]);
      return sum({ x: reshape({ x: dy }, { shape }) }, { axes: repeats.map((_, axis) => 2 * axis) });
    },
  },
});
