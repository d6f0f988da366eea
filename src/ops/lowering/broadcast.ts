import { broadcastShapes, sameShape, sizeOf, stridesOf, vectorsOf, type Shape } from "../../core/shape.js";
import type { Value } from "../../graph/graph.js";
import type { Emitter, Shapes, Tensors } from "../../graph/op.js";
import { reshape } from "../reshape.js";
import { sum } from "../sum.js";
import { walkEach, walkVectors } from "./walk.js";

const MOST_AXES = 6;

/** Shape rule of an op on two broadcast operands. */
export function broadcastShape({ a, b }: Shapes, fail: (message: string) => never): Shape {
  const shape = broadcastShapes(a, b);
  if (!shape) fail("expected shapes that broadcast (equal sizes or 1, from the right)");
  if (stretchedAxes(shape, a, b).length > MOST_AXES) fail(`expected at most ${MOST_AXES} axes to broadcast, got ${shape.length}`);
  return shape;
}

/** Emits `kernel` for equal shapes, or its `_rows`, `_splat` or `_strided` form; the op must be commutative. */
export function lowerBroadcast(emit: Emitter, kernel: string, { y, a, b }: Tensors): void {
  if (sizeOf(y.shape) === 0) return;
  const size = sizeOf(y.shape);
  if (sizeOf(a.shape) === size && sizeOf(b.shape) === size)
    return emit.call(kernel, [y, a, b], vectorsOf(y.shape), walkVectors({ reads: [a, b], writes: [y] }, y));
  const [full, part] = sizeOf(a.shape) === size ? [a, b] : [b, a];
  if (sizeOf(full.shape) === size) {
    const [outer, repeat, length] = stretchedRun(y.shape, part.shape) ?? [];
    if (length === 1) return emit.call(`${kernel}_splat`, [y, full, part, repeat as number], outer as number);
    const rows = (outer as number) * (repeat as number);
    if (length) return emit.call(`${kernel}_rows`, [y, full, part, repeat as number, length], rows, walkEach(rows, { reads: [full], writes: [y] }));
  }
  const { sizes, strides } = kernelAxes(y.shape, a.shape, b.shape);
  emit.call(`${kernel}_strided`, [y, a, b, ...sizes.slice(1), ...strides], size / sizes[MOST_AXES - 1]);
}

/** Elements between neighbours of an operand along each of `rank` axes, 0 where it stretches. */
export function stretchedStrides(shape: Shape, rank: number): number[] {
  const own = stridesOf(shape).map((stride, axis) => (shape[axis] === 1 ? 0 : stride));
  return [...new Array<number>(rank - shape.length).fill(0), ...own];
}

interface StretchedAxis {
  readonly size: number;
  readonly a: number;
  readonly b: number;
}

/** y's axes longer than 1 with the strides of a and b; neighbours that lie in one line in both are one axis. */
export function stretchedAxes(y: Shape, a: Shape, b: Shape): StretchedAxis[] {
  const [aStrides, bStrides] = [a, b].map((shape) => stretchedStrides(shape, y.length));
  const merged: StretchedAxis[] = [];
  y.forEach((size, axis) => {
    if (size === 1) return;
    const [last, here] = [merged.at(-1), { size, a: aStrides[axis], b: bStrides[axis] }];
    if (last && last.a === here.a * size && last.b === here.b * size) merged[merged.length - 1] = { ...here, size: last.size * size };
    else merged.push(here);
  });
  return merged;
}

/** Those as the kernels take them: 6 sizes, and strides of a and then of b. */
export function kernelAxes(y: Shape, a: Shape, b: Shape): { sizes: number[]; strides: number[] } {
  const axes = stretchedAxes(y, a, b);
  const all = [...new Array<StretchedAxis>(MOST_AXES - axes.length).fill({ size: 1, a: 0, b: 0 }), ...axes];
  return { sizes: all.map(({ size }) => size), strides: [...all.map((axis) => axis.a), ...all.map((axis) => axis.b)] };
}

/** `[outer, repeat, length]` where `part` stretches over one run of y's axes; `undefined` where over several. */
function stretchedRun(y: Shape, part: Shape): [number, number, number] | undefined {
  const stretched = y.map((size, axis) => size !== 1 && (part[axis - (y.length - part.length)] ?? 1) === 1);
  const first = stretched.indexOf(true);
  const last = stretched.lastIndexOf(true);
  if (y.some((size, axis) => axis > first && axis < last && !stretched[axis] && size !== 1)) return undefined;
  return [sizeOf(y.slice(0, first)), sizeOf(y.slice(first, last + 1)), sizeOf(y.slice(last + 1))];
}

/** Gradient of an operand that was stretched: `dy` summed over the axes along which it was. */
export function sumToShape(dy: Value, shape: Shape): Value {
  if (sameShape(dy.shape, shape)) return dy;
  const missing = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((size, axis) => (axis < missing || (shape[axis - missing] === 1 && size !== 1) ? [axis] : []));
  const total = sum({ x: dy }, { axes });
  return sameShape(total.shape, shape) ? total : reshape({ x: total }, { shape });
}
