/** How a tensor's axes lie in memory, so that transposes and reshapes need not move anything until somebody minds. */
import { type Shape, sizeOf, stridesOf } from "../../../core/shape.js";

/** Part of an axis of the tensor: `size` indices, `step` apart. An axis of several pieces is their product, the largest step outermost. */
export interface Piece {
  readonly axis: number;
  readonly size: number;
  readonly step: number;
}

/** A tensor's shape, and what each axis of the memory stands for, from the outermost. Axes of size 1 are nowhere in memory. */
export interface Layout {
  readonly shape: Shape;
  readonly memory: readonly Piece[];
}

/** Axes `order` one after another in memory; row-major without. */
export function layoutOf(shape: Shape, order: readonly number[] = shape.map((_, axis) => axis)): Layout {
  return { shape, memory: order.filter((axis) => shape[axis] !== 1).map((axis) => ({ axis, size: shape[axis], step: 1 })) };
}

/** ONNX's Transpose: axis i becomes what axis `order[i]` was. */
export function transposedLayout({ shape, memory }: Layout, order: readonly number[]): Layout {
  return { shape: order.map((axis) => shape[axis]), memory: memory.map((piece) => ({ ...piece, axis: order.indexOf(piece.axis) })) };
}

/** ONNX's Reshape, the memory as it is; `undefined` where the new axes do not fall into pieces of it. */
export function reshapedLayout(layout: Layout, shape: Shape): Layout | undefined {
  if (sizeOf(shape) === 0) return layoutOf(shape);
  const strides = stridesOf(shape);
  const memory: Piece[] = [];
  for (const [low, high] of runs(layout)) {
    let top = high;
    for (let axis = 0; axis < shape.length && top > low; axis++) {
      const bottom = Math.max(low, strides[axis]);
      if (shape[axis] === 1 || bottom >= top) continue;
      if (bottom % strides[axis] !== 0 || top % bottom !== 0) return undefined;
      memory.push({ axis, size: top / bottom, step: bottom / strides[axis] });
      top = bottom;
    }
  }
  return { shape, memory: joined(memory) };
}

/** The memory as runs of the tensor's elements counted row by row: each goes from `low` to `high` in steps of `low`. */
function runs({ shape, memory }: Layout): [low: number, high: number][] {
  const strides = stridesOf(shape);
  const found: [number, number][] = [];
  for (const { axis, size, step } of memory) {
    const low = strides[axis] * step;
    const last = found.at(-1);
    if (last?.[0] === low * size) last[0] = low;
    else found.push([low, low * size]);
  }
  return found;
}

/** Neighbours in memory that are neighbours in one axis too are one piece. */
function joined(memory: readonly Piece[]): Piece[] {
  const pieces: Piece[] = [];
  for (const piece of memory) {
    const last = pieces.at(-1);
    if (last && last.axis === piece.axis && last.step === piece.step * piece.size) pieces[pieces.length - 1] = { ...piece, size: last.size * piece.size };
    else pieces.push(piece);
  }
  return pieces;
}

/**
 * The order in which pieces of the memory have to be taken so that the axes `order` lie one after another;
 * `undefined` where they do already.
 */
export function movesTo({ memory }: Layout, order: readonly number[]): number[] | undefined {
  const wanted = order.flatMap((axis) => memory.flatMap((piece, i) => (piece.axis === axis ? i : [])).sort((a, b) => memory[b].step - memory[a].step));
  return wanted.every((piece, i) => piece === i) ? undefined : wanted;
}

/** The tensor's axes in an order that moves least: as their innermost pieces lie in memory, those of size 1 in front. */
export function axisOrder({ shape, memory }: Layout): number[] {
  const place = (axis: number) => memory.findLastIndex((piece) => piece.axis === axis);
  return shape.map((_, axis) => axis).sort((a, b) => place(a) - place(b) || a - b);
}

export const sameLayout = (a: Layout, b: Layout): boolean =>
  a.shape.length === b.shape.length &&
  a.shape.every((size, axis) => size === b.shape[axis]) &&
  a.memory.length === b.memory.length &&
  a.memory.every(({ axis, step, size }, i) => axis === b.memory[i].axis && step === b.memory[i].step && size === b.memory[i].size);
