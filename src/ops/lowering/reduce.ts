import { sizeOf, vectorsOf, type Shape } from "../../core/shape.js";
import type { Argument, Emitter, Tensors } from "../../graph/op.js";

/** Rows, and elements of a line, that are summed in one go; the sums of such groups are then added in order. */
const CHUNK_ROWS = 64;
const CHUNK_LINE = 4096;
const BLOCK_COLUMNS = 64;

/** Shape of a reduction over `axes` (from the end where negative). @param fail left out where a shape rule has checked them before */
export function reducedShape(x: Shape, axes: readonly number[], keepDims: boolean, fail: (message: string) => void = () => {}): Shape {
  if (axes.some((axis) => !Number.isInteger(axis) || axis < -x.length || axis >= x.length))
    fail(`expected axes from ${-x.length} to ${x.length - 1}, got ${axes}`);
  const reduced = positiveAxes(x, axes);
  if (reduced.size !== axes.length) fail(`an axis occurs twice in ${axes}`);
  return x.flatMap((size, axis) => (!reduced.has(axis) ? [size] : keepDims ? [1] : []));
}

/** y = scale * sum of x over `axes`, in an order that no thread count changes. */
export function lowerSum(emit: Emitter, { x, y }: Tensors, axes: readonly number[], scale: number): void {
  if (sizeOf(x.shape) === 0) return emit.call("fill_f32", [y, 0], vectorsOf(y.shape));
  eachRun(emit, { x, y }, axes, (to, from, [outer, length, inner]) => reduceRun(emit, to, from, outer, length, inner, to === y ? scale : 1));
}

/** Reduces x over `axes`: one run of neighbouring axes after another, from the last, each as [outer, length, inner] -> [outer, inner]. */
export function eachRun(
  emit: Emitter,
  { x, y }: Tensors,
  axes: readonly number[],
  reduce: (to: Argument, from: Argument, sizes: readonly [number, number, number]) => void,
): void {
  const runs = runsOf(x.shape, axes);
  let from: Argument = x;
  for (let i = runs.length - 1; i >= 0; i--) {
    if (!runs[i].reduced) continue;
    const outer = sizesOf(runs.slice(0, i));
    const inner = sizesOf(runs.slice(i + 1).filter((run) => !run.reduced));
    const last = !runs.slice(0, i).some((run) => run.reduced);
    const to: Argument = last ? y : emit.scratch(outer * inner * 4);
    reduce(to, from, [outer, runs[i].size, inner]);
    from = to;
  }
}

/** dx = scale * dy, repeated along `axes`: the runs of `lowerSum` the other way round. */
export function lowerSumBackward(emit: Emitter, { dx, dy }: Tensors, axes: readonly number[], scale: number): void {
  if (sizeOf(dx.shape) === 0) return;
  const runs = runsOf(dx.shape, axes);
  let from: Argument = dy;
  for (const [i, run] of runs.entries()) {
    if (!run.reduced) continue;
    const outer = sizesOf(runs.slice(0, i));
    const inner = sizesOf(runs.slice(i + 1).filter((run) => !run.reduced));
    const last = !runs.slice(i + 1).some((run) => run.reduced);
    const to: Argument = last ? dx : emit.scratch(outer * run.size * inner * 4);
    if (inner === 1) emit.call("sum_f32_backward_line", [to, from, run.size, last ? scale : 1], outer);
    else emit.call("sum_f32_backward_rows", [to, from, run.size, inner, last ? scale : 1], outer * run.size);
    from = to;
  }
}

interface Run {
  size: number;
  readonly reduced: boolean;
}

/** Axes of x as alternating runs that are kept or reduced; a sum over no axis reduces a run of one. */
function runsOf(x: Shape, axes: readonly number[]): Run[] {
  const reduced = positiveAxes(x, axes);
  const runs: Run[] = [];
  x.forEach((size, axis) => {
    const last = runs.at(-1);
    if (last?.reduced === reduced.has(axis)) last.size *= size;
    else runs.push({ size, reduced: reduced.has(axis) });
  });
  return runs.some((run) => run.reduced) ? runs : [{ size: 1, reduced: true }, ...runs];
}

const sizesOf = (runs: readonly Run[]) => sizeOf(runs.map((run) => run.size));

/** x [outer, length, inner] -> y [outer, inner], in two passes where length is more than one chunk. */
function reduceRun(emit: Emitter, y: Argument, x: Argument, outer: number, length: number, inner: number, scale: number): void {
  const most = inner === 1 ? CHUNK_LINE : CHUNK_ROWS;
  const groups = Math.ceil(length / most);
  const pass = (to: Argument, from: Argument, rows: number, chunk: number, factor: number) => {
    const places = outer * Math.ceil(rows / chunk);
    if (inner === 1) emit.call("sum_f32_line", [to, from, rows, chunk, factor], places);
    else emit.call("sum_f32_rows", [to, from, rows, inner, chunk, factor], places * Math.ceil(inner / BLOCK_COLUMNS));
  };
  if (groups === 1) return pass(y, x, length, most, scale);
  const partial = emit.scratch(outer * groups * inner * 4);
  pass(partial, x, length, most, 1);
  pass(y, partial, groups, groups, scale);
}

function positiveAxes(x: Shape, axes: readonly number[]): Set<number> {
  return new Set(axes.map((axis) => (axis < 0 ? axis + x.length : axis)));
}
