import { formatShape, sameShape, sizeOf, vectorsOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp, type Emitter, type Scratch, type Tensors } from "../graph/op.js";

/** Rows that a kernel sums before it starts the next partial sum (`CHUNK` in assembly/ops/batch-norm.ts). */
const chunkRows = 64;

const defaults = { groups: 1, epsilon: 1e-5 };
type Attributes = typeof defaults;

/**
 * Normalises each image of x [N, ..., C] by mean and biased variance of each of `groups` runs of channels (Wu & He 2018; PyTorch `group_norm`).
 * With as many groups as channels it is instance norm.
 */
export const groupNorm = defineOp({
  name: "groupNorm",
  summary: "y = (x - mean) / sqrt(variance + epsilon) * weight + bias, mean and variance over an image's C / groups channels of each group.",
  inputs: ["x", "weight?", "bias?"],
  attributes: defaults,
  shape({ x, ...perChannel }, { groups }, fail) {
    if (x.length < 2) fail("expected x [N, ..., C]");
    const channels = x[x.length - 1];
    if (!(Number.isInteger(groups) && groups >= 1 && channels % groups === 0)) fail(`expected groups that divide ${channels} channels, got ${groups}`);
    if (sizeOf(x.slice(1)) === 0) fail("expected at least one value in a group, got none");
    for (const [name, shape] of Object.entries(perChannel)) {
      if (!sameShape(shape, [channels])) fail(`${name} expects [${channels}], got ${formatShape(shape)}`);
    }
    return x;
  },
  lower(emit, { y, x, weight, bias }, attributes) {
    const { images, rows, channels } = sizes(x);
    if (images > 0) emit.call("group_norm_f32", [y, x, emitLines(emit, { x, weight, bias }, attributes), rows, channels], images * rows);
  },
  gradient: { x: (t, a) => backward(t, a).dx, weight: (t, a) => backward(t, a).dweight, bias: (t, a) => backward(t, a).dbias },
  flops: ({ x }) => 8 * sizeOf(x),
  inPlace: "x",
});

const backward = ({ dy, x, weight }: Tensors, attributes: Attributes) => groupNormBackward.all({ dy, x, weight }, attributes);

export const groupNormBackward = defineOp({
  name: "groupNormBackward",
  summary:
    "Gradients of groupNorm: dbias = sum(dy), dweight = sum(dy h), dx = (g - mean(g) - h mean(g h)) / s, g = dy weight, h = (x - mean) / s, s = sqrt(variance + epsilon).",
  inputs: ["dy", "x", "weight?"],
  outputs: ["dx", "dweight", "dbias"],
  attributes: defaults,
  shape: ({ x }) => ({ dx: x, dweight: x.slice(-1), dbias: x.slice(-1) }),
  lower(emit, { dx, dweight, dbias, dy, x, weight }, attributes) {
    const { images, rows, channels, chunks, vectors } = sizes(x);
    const sums = emit.scratch(images * 4 * 16 * vectors);
    if (images > 0) {
      const lines = emitLines(emit, { x, weight }, attributes);
      const partial = emit.scratch(images * chunks * 2 * 16 * vectors);
      emit.call("group_norm_f32_backward_sums", [partial, dy, x, lines, rows, channels], images * chunks);
      emit.call("group_norm_f32_backward_slopes", [sums, partial, lines, weight ?? 0, rows, channels, attributes.groups], images * attributes.groups);
      emit.call("group_norm_f32_backward_x", [dx, dy, x, lines, sums, rows, channels], images * rows);
    }
    emit.call("group_norm_f32_backward_parameters", [dweight, dbias, sums, images, channels], vectors);
  },
  flops: ({ x }) => 15 * sizeOf(x),
  inPlace: "dy",
});

function sizes({ shape }: Value) {
  const channels = shape[shape.length - 1];
  const rows = sizeOf(shape.slice(1, -1));
  return { images: shape[0], rows, channels, chunks: Math.ceil(rows / chunkRows), vectors: vectorsOf([channels]) };
}

/** Mean, scale, bias and 1 / sqrt(variance + epsilon) of every image and channel. */
function emitLines(emit: Emitter, { x, weight, bias }: Tensors, { groups, epsilon }: Attributes): Scratch {
  const { images, rows, channels, chunks, vectors } = sizes(x);
  const partial = emit.scratch(images * chunks * 2 * 16 * vectors);
  const lines = emit.scratch(images * 4 * 16 * vectors);
  emit.call("group_norm_f32_moments", [partial, x, rows, channels], images * chunks);
  emit.call("group_norm_f32_statistics", [lines, partial, weight ?? 0, bias ?? 0, rows, channels, groups, epsilon], images * groups);
  return lines;
}
