/** Whole-tensor operations that the evaluator of constants is made of. Shapes are row-major; axes are 0 or more. */
import { roomFor, spend } from "../effort.js";
import { broadcastShapes, formatShape, type Shape, sizeOf, stridesOf } from "../../../core/shape.js";
import { ShapeError } from "../../../core/errors.js";
import { type Constant, constant, type Elements, elementsOf, type ElementType } from "../constant.js";

/** Elements `offset + sum(index[i] * steps[i])` of `x` for every index below `shape`; steps may be 0 or negative. */
export function strided(x: Constant, shape: Shape, steps: readonly number[], offset = 0): Constant {
  const data = elementsOf(x.type, sizeOf(shape));
  walk(shape, [steps], [offset], (at, [from]) => {
    data[at] = x.data[from];
  });
  return { type: x.type, shape, data };
}

/** Calls `visit` for every index below `shape` with its number and with the offsets that `steps` lead to. */
export function walk(
  shape: Shape,
  steps: readonly (readonly number[])[],
  offsets: readonly number[],
  visit: (at: number, offsets: readonly number[]) => void,
): void {
  const size = sizeOf(shape);
  spend(size);
  const index = new Array<number>(shape.length).fill(0);
  const now = [...offsets];
  for (let at = 0; at < size; at++) {
    visit(at, now);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const wraps = ++index[axis] === shape[axis];
      for (let i = 0; i < now.length; i++) now[i] += wraps ? steps[i][axis] * (1 - shape[axis]) : steps[i][axis];
      if (!wraps) break;
      index[axis] = 0;
    }
  }
}

/** Steps through `shape` when it is stretched to `to`: 0 along stretched axes. */
export function stretchedSteps(shape: Shape, to: Shape): number[] {
  const strides = stridesOf(shape);
  const missing = to.length - shape.length;
  return to.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : strides[axis - missing]));
}

/** The shape that all stretch to (NumPy's rule). @throws {ShapeError} where they do not fit */
export function commonShape(shapes: readonly Shape[], where: string): Shape {
  return shapes.reduce((a, b) => {
    const both = broadcastShapes(a, b);
    if (!both) throw new ShapeError(`${where}: shapes ${shapes.map(formatShape).join(", ")} do not broadcast`);
    return both;
  });
}

export const stretched = (x: Constant, shape: Shape): Constant => strided(x, shape, stretchedSteps(x.shape, shape));

/** f of every element, as elements of `type`. */
export function map(x: Constant, f: (value: number) => number, type: ElementType = x.type): Constant {
  return constant(type, x.shape, Float64Array.from(x.data, f));
}

/** f of elements at the same place, after stretching. */
export function zip(tensors: readonly Constant[], f: (...values: number[]) => number, where: string, type: ElementType = tensors[0].type): Constant {
  const shape = commonShape(
    tensors.map((tensor) => tensor.shape),
    where,
  );
  const out = roomFor(sizeOf(shape));
  const values = tensors.map(() => 0);
  walk(
    shape,
    tensors.map((tensor) => stretchedSteps(tensor.shape, shape)),
    tensors.map(() => 0),
    (at, from) => {
      for (let i = 0; i < tensors.length; i++) values[i] = tensors[i].data[from[i]];
      out[at] = f(...values);
    },
  );
  return constant(type, shape, out);
}

/** Lines of `x` along `axes`, each handed to `f` as one array; its results take the lines' places. */
export function reduce(x: Constant, axes: readonly number[], keepDims: boolean, f: (line: Float64Array) => number, type: ElementType = x.type): Constant {
  const gone = new Set(axes);
  const strides = stridesOf(x.shape);
  const inner = x.shape.map((_, axis) => axis).filter((axis) => gone.has(axis));
  const outer = x.shape.map((_, axis) => axis).filter((axis) => !gone.has(axis));
  const sizes = (list: readonly number[]) => list.map((axis) => x.shape[axis]);
  const steps = (list: readonly number[]) => list.map((axis) => strides[axis]);
  const out = roomFor(sizeOf(sizes(outer)));
  const line = roomFor(sizeOf(sizes(inner)));
  walk(sizes(outer), [steps(outer)], [0], (at, [start]) => {
    walk(sizes(inner), [steps(inner)], [start], (i, [from]) => {
      line[i] = x.data[from];
    });
    out[at] = f(line);
  });
  const shape = keepDims ? x.shape.map((size, axis) => (gone.has(axis) ? 1 : size)) : sizes(outer);
  return constant(type, shape, out);
}

/** Tensors one after the other along an axis. */
export function concatenate(tensors: readonly Constant[], axis: number): Constant {
  const [first] = tensors;
  const shape = first.shape.map((size, i) => (i === axis ? tensors.reduce((sum, tensor) => sum + tensor.shape[axis], 0) : size));
  const data = elementsOf(first.type, sizeOf(shape));
  const inner = sizeOf(shape.slice(axis + 1));
  const row = shape[axis] * inner;
  let start = 0;
  for (const tensor of tensors) {
    const length = tensor.shape[axis] * inner;
    for (let from = 0, to = start; from < tensor.data.length; from += length, to += row) data.set(tensor.data.subarray(from, from + length), to);
    if (length === 0) continue;
    start += length;
  }
  return { type: first.type, shape, data };
}

/** The same numbers under another shape. */
export const reshaped = (x: Constant, shape: Shape): Constant => ({ ...x, shape });

/** `data[index]` for every index, whatever the type. */
export function taken(x: Constant, shape: Shape, index: (at: number) => number): Constant {
  const data: Elements = elementsOf(x.type, sizeOf(shape));
  for (let at = 0; at < data.length; at++) data[at] = x.data[index(at)];
  return { type: x.type, shape, data };
}
