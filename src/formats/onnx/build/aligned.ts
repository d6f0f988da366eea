import { type Shape, sizeOf } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { commonShape } from "../evaluate/arrays.js";
import type { ElementType } from "../constant.js";
import type { NodeCall } from "./call.js";
import { axisOrder, layoutOf, type Layout, sameLayout } from "./layout.js";
import { type Computed, isKnown, type Tensor, viewed } from "./tensor.js";

const largest = (tensors: readonly Tensor[]) => tensors.reduce((a, b) => (isKnown(a) || (!isKnown(b) && sizeOf(b.shape) > sizeOf(a.shape)) ? b : a));

const withoutOnes = (shape: Shape) =>
  shape.slice(
    Math.max(
      0,
      shape.findIndex((size) => size !== 1),
    ),
  );

/** Values that broadcast as the tensors do, in the memory order of the largest; and how what is made of them lies. */
export function aligned(call: NodeCall, tensors: readonly Tensor[]): { values: Value[]; layout: Layout } {
  const shapes = tensors.map(({ shape }) => shape);
  const shape = commonShape(shapes, call.where);
  const lead = largest(tensors);
  // Single numbers go with any memory.
  const scalar = (tensor: Tensor) => sizeOf(tensor.shape) === 1;
  if (!isKnown(lead) && tensors.every((tensor) => scalar(tensor) || (!isKnown(tensor) && sameLayout(tensor, lead))) && lead.shape.length === shape.length) {
    const values = tensors.map((tensor) => (scalar(tensor) ? call.value(tensor, undefined, [1]) : viewed((tensor as Computed).value, lead.value.shape)));
    return { values, layout: lead };
  }
  const wide = tensors.map((tensor) => call.widened(tensor, shape.length));
  const order = axisOrder(wide[tensors.indexOf(lead)]);
  const values = wide.map((tensor) => call.value(tensor, order, withoutOnes(order.map((axis) => tensor.shape[axis]))));
  return { values, layout: layoutOf(shape, order) };
}

/** An operator that meets elements at the same place. */
export function elementwise(call: NodeCall, tensors: readonly Tensor[], f: (...values: Value[]) => Value, type: ElementType = tensors[0].type): Computed {
  const { values, layout } = aligned(call, tensors);
  const value = f(...values);
  return { ...layout, value, type };
}
