import { formatShape, vectorsOf } from "../core/shape.js";
import { defineOp } from "../graph/op.js";
import { copyFrom, copyInto } from "./lowering/strided.js";

export const slice = defineOp({
  name: "slice",
  summary: "y[i] = x[starts + i * steps] for i below `sizes`: one entry per axis, `steps` default 1 and may be negative.",
  inputs: ["x"],
  attributes: { starts: [] as readonly number[], sizes: [] as readonly number[], steps: [] as readonly number[] },
  shape({ x }, { starts, sizes, steps }, fail) {
    if (starts.length !== x.length || sizes.length !== x.length)
      fail(`expected ${x.length} starts and sizes, got ${formatShape(starts)} and ${formatShape(sizes)}`);
    if (steps.length !== 0 && steps.length !== x.length) fail(`expected ${x.length} steps, got ${formatShape(steps)}`);
    sizes.forEach((size, axis) => {
      const last = starts[axis] + (size - 1) * (steps[axis] ?? 1);
      const inside = (at: number) => Number.isInteger(at) && at >= 0 && at < x[axis];
      if (size !== 0 && !(inside(starts[axis]) && inside(last))) fail(`axis ${axis} has ${x[axis]} elements, the slice goes from ${starts[axis]} to ${last}`);
    });
    return sizes;
  },
  lower: (emit, { x, y }, { starts, steps }) => copyFrom(emit, y, x, starts, steps),
  gradient: { x: ({ x, dy }, { starts, steps }) => sliceBackward({ dy }, { shape: x.shape, starts, steps }) },
});

export const sliceBackward = defineOp({
  name: "sliceBackward",
  summary: "dx[starts + i * steps] = dy[i], elsewhere 0.",
  inputs: ["dy"],
  outputs: ["dx"],
  attributes: { shape: [] as readonly number[], starts: [] as readonly number[], steps: [] as readonly number[] },
  shape: (_, { shape }) => shape,
  lower(emit, { dx, dy }, { starts, steps }) {
    emit.call("fill_f32", [dx, 0], vectorsOf(dx.shape));
    copyInto(emit, dx, dy, starts, steps);
  },
});
