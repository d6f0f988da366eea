/** Attention, which exporters write out in parts, found at its second product. */
import { sameShape, type Shape, sizeOf } from "../../../core/shape.js";
import type { Value } from "../../../graph/graph.js";
import { add } from "../../../ops/add.js";
import { attention } from "../../../ops/attention.js";
import { concat } from "../../../ops/concat.js";
import { matmul } from "../../../ops/dense.js";
import { mul } from "../../../ops/mul.js";
import { reshape } from "../../../ops/reshape.js";
import { slice } from "../../../ops/slice.js";
import { softmax } from "../../../ops/softmax.js";
import { transpose } from "../../../ops/transpose.js";
import { type Computed, computed, viewed } from "./tensor.js";
import { either, madeBy, numberOf } from "./written-out.js";

/** Queries, keys or values: the numbers x, row by row those of [N, tokens, heads, depth], times `scale`. */
interface Heads {
  readonly x: Value;
  readonly shape: Shape;
  readonly scale: number;
}

/** scale q k^T + bias. */
interface Scores {
  readonly query: Heads;
  readonly key: Heads;
  readonly scale: number;
  readonly bias?: Value;
}

/** How far, as a share of it, a scale may be from 1 / sqrt(depth): it was rounded to float32 once or twice. */
const mostRounding = 1e-6;

/**
 * p v as one op, where p = softmax(q k^T / sqrt(depth) + bias) of heads that were turned to the front of their tokens. Both are matrices of
 * [N, heads] or [N heads]; so is the result.
 */
export function attentionOf(p: Value, v: Value): Computed | undefined {
  const weights = madeBy(p, softmax);
  if (!weights) return undefined;
  const { x: biased, scale: after } = unscaled(weights.x);
  const sum = after === 1 ? madeBy(biased, add) : undefined;
  const found: Scores | undefined =
    scoresOf(weights.x) ??
    (sum &&
      either(sum.a, sum.b, (x, bias) => {
        const scores = scoresOf(x);
        return scores && { ...scores, bias };
      }));
  const values = headsOf(v);
  if (!found || !values || values.scale !== 1) return undefined;
  const { query, key, scale } = found;
  const [count, tokens, heads, depth] = values.shape;
  const isSelf = sameShape(query.shape, values.shape) && sameShape(key.shape, values.shape);
  const isUsual = Math.abs(scale * Math.sqrt(depth) - 1) < mostRounding;
  const bias = found.bias && perHead(found.bias, [heads, tokens, tokens]);
  if (!isSelf || !isUsual || (found.bias && !bias)) return undefined;
  const y = attention({ qkv: joined([query, key, values]), bias }, { heads });
  return computed(viewed(y, [count, tokens, heads, depth]), [count, heads, tokens, depth], [0, 2, 1, 3]);
}

function scoresOf(value: Value): Scores | undefined {
  const { x, scale } = unscaled(value);
  const { tensors, attributes, op } = x.node ?? {};
  if (!tensors || (op as unknown) !== matmul || attributes?.transposeA || !attributes?.transposeB) return undefined;
  const [query, key] = [headsOf(tensors.a), headsOf(tensors.b)];
  return query && key && { query, key, scale: scale * query.scale * key.scale };
}

/** What a value was before it was given another shape and multiplied by numbers. */
function unscaled(value: Value): { x: Value; scale: number } {
  let [x, scale] = [value, 1];
  for (;;) {
    const view = madeBy(x, reshape);
    const product = madeBy(x, mul);
    const [number, other] = product ? (either(product.a, product.b, (b, a) => numbered(a, b)) ?? []) : [];
    if (view) x = view.x;
    else if (number !== undefined && other) [x, scale] = [other, scale * number];
    else return { x, scale };
  }
}

const numbered = (number: Value, other: Value) => {
  const found = numberOf(number);
  return found === undefined ? undefined : ([found, other] as const);
};

function headsOf(value: Value): Heads | undefined {
  const outer = unscaled(value);
  const turned = madeBy(outer.x, transpose);
  if (!turned || turned.x.shape.length !== 4 || String(outer.x.node?.attributes.order) !== "0,2,1,3") return undefined;
  const { shape } = turned.x;
  if (!sameShape(value.shape.slice(-2), [shape[1], shape[3]]) || sizeOf(value.shape) !== sizeOf(shape)) return undefined;
  const inner = unscaled(turned.x);
  return { x: inner.x, shape, scale: outer.scale * inner.scale };
}

/** [heads, tokens, tokens] for every image, as the op takes it. */
const perHead = (bias: Value, shape: Shape): Value | undefined =>
  sizeOf(bias.shape) === sizeOf(shape) && endsIn(bias.shape, shape) ? viewed(bias, [1, ...shape]) : undefined;
const endsIn = (shape: Shape, end: Shape) => sameShape(shape.slice(-end.length), end);

/** [N, tokens, 3 C]: what a layer made at once and was cut in three, else the three side by side. */
function joined(parts: readonly Heads[]): Value {
  const [count, tokens, heads, depth] = parts[0].shape;
  const channels = heads * depth;
  const cuts = parts.map(({ x }) => cutOf(x, count * tokens));
  const [first] = cuts;
  const isWhole = cuts.every((cut, i) => cut && cut.of === first?.of && cut.from === i * channels);
  if (first && isWhole && sizeOf(first.of.shape) === count * tokens * 3 * channels) return viewed(first.of, [count, tokens, 3 * channels]);
  return concat(
    parts.map(({ x }) => viewed(x, [count, tokens, channels])),
    { axis: 2 },
  );
}

/** Which of the numbers of each row a slice takes, if it takes neighbours of every row. */
function cutOf(x: Value, rows: number): { of: Value; from: number } | undefined {
  const cut = madeBy(x, slice);
  const { starts = [], sizes = [], steps = [] } = (x.node?.attributes ?? {}) as Record<string, readonly number[]>;
  if (!cut || steps.some((step) => step !== 1)) return undefined;
  const { shape } = cut.x;
  const axis = sizes.findIndex((size, i) => size !== shape[i]);
  if (axis < 0 || sizeOf(shape.slice(0, axis)) !== rows || !sameShape(sizes.slice(axis + 1), shape.slice(axis + 1))) return undefined;
  return { of: cut.x, from: starts[axis] * sizeOf(shape.slice(axis + 1)) };
}
