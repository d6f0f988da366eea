import { broadcastShapes, formatShape, sizeOf, type Shape } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp, type Emitter, type Op, type Tensors } from "../graph/op.js";
import { clipBackward } from "./clip.js";
import { lowerConvolutionBackwardWeight } from "./lowering/convolution.js";
import {
  collides,
  packed,
  packedMatrices,
  panelBytesOf,
  panelRowOf,
  panelsOf,
  rowBlocksOf,
  productCall,
  rowSliceOf,
  sliceOf,
  tileBytesOf,
} from "./lowering/product.js";
import { walkEach } from "./lowering/walk.js";
import { reshape } from "./reshape.js";
import { sum } from "./sum.js";

/** `dy` where the fused clamp let y through. */
export function throughClamp({ y, dy }: Tensors, { low, high }: { low: number; high: number }): Value {
  return low === -Infinity && high === Infinity ? dy : clipBackward({ dy, y }, { low, high });
}

/** Sum over all axes but the last: the gradient of a bias. */
export function sumRows(dy: Value): Value {
  return sum({ x: dy }, { axes: dy.shape.slice(0, -1).map((_, axis) => axis) });
}

const rowsOf = (shape: Shape) => sizeOf(shape.slice(0, -1));

export const dense = defineOp({
  name: "dense",
  summary: "y = min(max(x weight + bias, low), high) over the last axis of x; weight [in, out]",
  inputs: ["x", "weight", "bias?"],
  attributes: { low: -Infinity, high: Infinity },
  shape({ x, weight, bias }, _, fail) {
    if (x.length < 2 || weight.length !== 2) fail("expected x [..., rows, in] and weight [in, out]");
    const [depth, columns] = weight;
    if (x[x.length - 1] !== depth) fail(`weight expects ${depth} inputs, got ${x[x.length - 1]}`);
    if (bias && (bias.length !== 1 || bias[0] !== columns)) fail(`bias expects [${columns}], got ${formatShape(bias)}`);
    return [...x.slice(0, -1), columns];
  },
  lower(emit, { x, weight, bias, y }, { low, high }) {
    const [depth, columns] = weight.shape;
    productCall(emit, { y, a: x, panels: packed(emit, weight, depth, columns), bias, rows: rowsOf(x.shape), columns, depth, low, high });
  },
  gradient: {
    x: ({ weight, y, dy }, clamp) => matmul({ a: throughClamp({ y, dy }, clamp), b: weight }, { transposeB: true }),
    weight: ({ x, y, dy }, clamp) => denseBackwardWeight({ x, dy: throughClamp({ y, dy }, clamp) }),
    bias: ({ y, dy }, clamp) => sumRows(throughClamp({ y, dy }, clamp)),
  },
  flops: ({ x, weight }) => 2 * rowsOf(x) * sizeOf(weight),
});

export const denseBackwardWeight = defineOp({
  name: "denseBackwardWeight",
  summary: "dweight [in, out] = x^T dy over all rows",
  inputs: ["x", "dy"],
  outputs: ["dweight"],
  attributes: {},
  shape({ x, dy }, _, fail) {
    if (rowsOf(x) !== rowsOf(dy)) fail("x and dy differ in rows");
    return [x[x.length - 1], dy[dy.length - 1]];
  },
  lower: (emit, { x, dy, dweight }) => lowerDenseBackwardWeight(emit, x, dy, dweight, rowsOf(x.shape)),
  flops: ({ x, dy }) => 2 * sizeOf(x) * dy[dy.length - 1],
});

/** Rows of dweight that share one pass over the rows of x and dy, so that slices of those are long enough. */
const mostRows = 512;

/** dweight [in, out] of a dense layer or 1x1 convolution over `rows` rows. Threads split its longer side. */
export function lowerDenseBackwardWeight(emit: Emitter, x: Value, dy: Value, dweight: Value, rows: number): void {
  const depth = x.shape[x.shape.length - 1];
  const columns = dy.shape[dy.shape.length - 1];
  // Rows of x that collide in the cache are copied, as a convolution does.
  if (collides(depth * 4))
    return lowerConvolutionBackwardWeight(emit, { x, dy, dweight }, [rows, 1, depth], 1, [1, 1, 0, 0, 1, 1, 1, 1], [1, rows, 1, columns]);
  const most = Math.min(depth, mostRows);
  const slice = rowSliceOf(most);
  const panels = panelsOf(columns, emit.build);
  const byColumns = panels * panelRowOf(emit.build) > depth * 4;
  const pack = collides(columns * 4);
  const work = emit.workspace(tileBytesOf(emit.build) + (pack ? slice * panelRowOf(emit.build) : 0));
  const units = byColumns ? panels : depth;
  const part = (from: number, to: number) => {
    const count = to - from;
    const even = Math.ceil(count / Math.max(1, Math.ceil(count / slice)));
    const [a, b] = [
      { base: x, bytes: from * depth * 4 },
      { base: dy, bytes: from * columns * 4 },
    ];
    return { args: [dweight, a, b, work, count, columns, depth, even, most, +(from > 0), +byColumns, +pack], units };
  };
  const walk = walkEach(rows, { reads: [x, dy], results: [dweight] });
  emit.call("dense_f32_backward_weight", part(0, rows).args, units, { ...walk, part });
}

const last = (shape: Shape, fromEnd: number) => shape[shape.length - fromEnd];

/** Rows, columns and depth of a product, and its leading axes. */
function product(a: Shape, b: Shape, { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean }) {
  const [rows, depth] = transposeA ? [last(a, 1), last(a, 2)] : [last(a, 2), last(a, 1)];
  const [inner, columns] = transposeB ? [last(b, 1), last(b, 2)] : [last(b, 2), last(b, 1)];
  return { rows, depth, inner, columns, batch: broadcastShapes(a.slice(0, -2), b.slice(0, -2)) };
}

export const matmul: Op<{ transposeA: boolean; transposeB: boolean }> = defineOp({
  name: "matmul",
  summary: "y = a b over the last two axes, either transposed on request; leading axes broadcast",
  inputs: ["a", "b"],
  attributes: { transposeA: false as boolean, transposeB: false as boolean },
  shape({ a, b }, attributes, fail) {
    if (a.length < 2 || b.length < 2) fail("expected matrices with any number of leading axes");
    const { rows, depth, inner, columns, batch } = product(a, b, attributes);
    if (depth !== inner) fail(`b expects ${inner} inner elements, a has ${depth}`);
    if (!batch) return fail("leading axes do not broadcast");
    return [...batch, rows, columns];
  },
  lower(emit, { a, b, y }, attributes) {
    const { rows, depth, columns, batch } = product(a.shape, b.shape, attributes);
    const plain = !attributes.transposeA && b.shape.length === 2;
    const steps = plain ? [{ size: 1, a: 0, b: 0 }] : batchSteps(batch as Shape, a.shape.slice(0, -2), b.shape.slice(0, -2));
    const m = plain ? rowsOf(a.shape) : rows;
    const bytes = panelBytesOf(depth, columns, emit.build);
    const panels = packedMatrices(emit, b, sizeOf(b.shape.slice(0, -2)), depth, columns, attributes.transposeB);
    const inner = steps[steps.length - 1];
    const { parts, blocks } = rowBlocksOf(m, columns, depth, emit.build);
    const tile = emit.workspace(tileBytesOf(emit.build));
    for (const at of offsets(steps.slice(0, -1))) {
      const args = [
        { base: y, bytes: at.index * inner.size * m * columns * 4 },
        { base: a, bytes: at.a * rows * depth * 4 },
        { base: panels, bytes: at.b * bytes },
      ];
      emit.call(
        "matmul_f32",
        [
          ...args,
          0,
          tile,
          m,
          columns,
          depth,
          +attributes.transposeA,
          inner.a * rows * depth * 4,
          inner.b * bytes,
          parts,
          blocks,
          sliceOf(depth),
          -Infinity,
          Infinity,
        ],
        inner.size * parts * panelsOf(columns, emit.build),
      );
    }
  },
  gradient: {
    a: ({ a, b, dy }, { transposeA, transposeB }) =>
      reduceTo(transposeA ? matmul({ a: b, b: dy }, { transposeA: transposeB, transposeB: true }) : matmul({ a: dy, b }, { transposeB: !transposeB }), a.shape),
    b: ({ a, b, dy }, { transposeA, transposeB }) =>
      reduceTo(transposeB ? matmul({ a: dy, b: a }, { transposeA: true, transposeB: transposeA }) : matmul({ a, b: dy }, { transposeA: !transposeA }), b.shape),
  },
  flops: ({ y, a }, { transposeA }) => 2 * sizeOf(y) * last(a, transposeA ? 2 : 1),
});

/** Leading axes merged where both operands step through them alike: sizes, and matrices of a and b from one index to the next. */
function batchSteps(batch: Shape, a: Shape, b: Shape): { size: number; a: number; b: number }[] {
  const steps: { size: number; a: number; b: number }[] = [];
  let [stepA, stepB] = [1, 1];
  for (let i = 1; i <= batch.length; i++) {
    const size = batch[batch.length - i];
    const [sizeA, sizeB] = [a[a.length - i] ?? 1, b[b.length - i] ?? 1];
    if (size === 1) continue;
    const step = { size, a: sizeA === 1 ? 0 : stepA, b: sizeB === 1 ? 0 : stepB };
    const inner = steps[0];
    if (inner && step.a === inner.a * inner.size && step.b === inner.b * inner.size) inner.size *= size;
    else steps.unshift(step);
    stepA *= sizeA;
    stepB *= sizeB;
  }
  return steps.length ? steps : [{ size: 1, a: 0, b: 0 }];
}

/** Every index over the outer leading axes. */
function* offsets(steps: readonly { size: number; a: number; b: number }[]): Generator<{ index: number; a: number; b: number }> {
  const total = steps.reduce((count, { size }) => count * size, 1);
  for (let index = 0; index < total; index++) {
    let [rest, a, b] = [index, 0, 0];
    for (const step of [...steps].reverse()) {
      a += (rest % step.size) * step.a;
      b += (rest % step.size) * step.b;
      rest = Math.floor(rest / step.size);
    }
    yield { index, a, b };
  }
}

/** Sums over the leading axes that broadcasting stretched. */
function reduceTo(value: Value, shape: Shape): Value {
  const extra = value.shape.length - shape.length;
  const axes = value.shape.map((_, axis) => axis).filter((axis) => axis < extra || (shape[axis - extra] === 1 && value.shape[axis] !== 1));
  if (axes.length === 0) return value;
  return reshape({ x: sum({ x: value }, { axes }) }, { shape });
}
