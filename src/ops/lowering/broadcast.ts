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
  if (shape.length > MOST_AXES && !sameShape(a, b)) fail(`expected at most ${MOST_AXES} axes to broadcast, got ${shape.length}`);
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
  const sizes = padLeft(y.shape, 1);
  const strides = (shape: Shape) =>
    padLeft(
      stridesOf(shape).map((stride, axis) => (shape[axis] === 1 ? 0 : stride)),
      0,
    );
  emit.call(`${kernel}_strided`, [y, a, b, ...sizes.slice(1), ...strides(a.shape), ...strides(b.shape)], size / sizes[MOST_AXES - 1]);
}

const padLeft = (numbers: readonly number[], filler: number) => [...new Array<number>(MOST_AXES - numbers.length).fill(filler), ...numbers];

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
