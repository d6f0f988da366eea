import { sameShape, sizeOf, vectorsOf, type Shape } from "../core/shape.js";
import { defineOp, type Emitter, type Scratch, type Shapes, type Tensors } from "../graph/op.js";
import type { Value } from "../graph/graph.js";
import { walkEach } from "./lowering/walk.js";

/** Rows that a kernel sums before it starts the next partial sum (`CHUNK` in assembly/ops/batch-norm.ts). */
const chunkRows = 64;

const clamped = { epsilon: 1e-5, low: -Infinity, high: Infinity };
type Clamped = typeof clamped;

/**
 * Normalises each channel (last axis) of x by the mean and the biased variance over all other axes
 * (Ioffe & Szegedy 2015; PyTorch `batch_norm` with `training=True`). `low`, `high` clamp the result (ReLU: low 0).
 * Gradients flow through y, not through the statistics outputs.
 */
export const batchNorm = defineOp({
  name: "batchNorm",
  summary: "y = clip((x - mean) / sqrt(variance + epsilon) * weight + bias), with the mean and variance of this batch.",
  inputs: ["x", "weight", "bias"],
  outputs: ["y", "mean", "variance"],
  attributes: clamped,
  shape(shapes, _, fail) {
    checkChannels(shapes, fail);
    if (rowsOf(shapes.x) === 0) fail("expected at least one value per channel, got none");
    return { y: shapes.x, mean: shapes.weight, variance: shapes.weight };
  },
  lower(emit, { y, mean, variance, x, weight, bias }, { epsilon, low, high }) {
    emitStatistics(emit, { mean, variance, x });
    emitNormalize(emit, { y, x, weight, bias, mean, variance }, { epsilon, low, high });
  },
  gradient: { x: (t, a) => backward(t, a).dx, weight: (t, a) => backward(t, a).dweight, bias: (t, a) => backward(t, a).dbias },
  flops: ({ x }) => 8 * sizeOf(x),
  recompute: ({ x, weight, bias, mean, variance }, attributes) => batchNormFrozen({ x, weight, bias, mean, variance }, attributes),
});

const backward = ({ dy, x, weight, bias, mean, variance }: Tensors, attributes: Clamped) =>
  batchNormBackward.all({ dy, x, weight, bias, mean, variance }, attributes);

/** What batchNorm normalises by, for readers of x that normalise as they load. */
export const batchStatistics = defineOp({
  name: "batchStatistics",
  summary: "Mean and biased variance of each channel (last axis) over all other axes.",
  inputs: ["x"],
  outputs: ["mean", "variance"],
  attributes: {},
  shape(shapes, _, fail) {
    checkChannels(shapes, fail);
    if (rowsOf(shapes.x) === 0) fail("expected at least one value per channel, got none");
    return { mean: shapes.x.slice(-1), variance: shapes.x.slice(-1) };
  },
  lower: emitStatistics,
  flops: ({ x }) => 4 * sizeOf(x),
});

export const batchNormBackward = defineOp({
  name: "batchNormBackward",
  summary:
    "Gradients of batchNorm: dbias = sum(g), dweight = sum(g h), dx = weight / s (g - (dbias + h dweight) / n), g = dy where y was not clamped, h = (x - mean) / s, s = sqrt(variance + epsilon).",
  inputs: ["dy", "x", "weight", "bias", "mean", "variance"],
  outputs: ["dx", "dweight", "dbias"],
  attributes: clamped,
  shape: ({ x, weight }) => ({ dx: x, dweight: weight, dbias: weight }),
  lower(emit, tensors, { epsilon, low, high }) {
    const { dx, dweight, dbias, dy, x, bias, mean, variance } = tensors;
    const [rows, channels, vectors] = sizes(x);
    const scale = emitParameterGradients(emit, tensors, { epsilon, low, high });
    const slope = emit.scratch(16 * vectors);
    const offset = emit.scratch(16 * vectors);
    emit.call("batch_norm_f32_backward_slopes", [slope, offset, scale, dweight, dbias, variance, epsilon, rows], vectors);
    const args = [dx, dy, x, scale, bias, mean, slope, offset, channels, low, high];
    emit.call("batch_norm_f32_backward_x", args, rows, walkEach(rows, { reads: [dy, x], writes: [dx] }));
  },
  flops: ({ x }) => 13 * sizeOf(x),
  inPlace: "dy",
});

/** Batch norm with given statistics, as in evaluation and in fine-tuning with frozen norms; mean and variance get no gradient. */
export const batchNormFrozen = defineOp({
  name: "batchNormFrozen",
  summary: "y = clip((x - mean) / sqrt(variance + epsilon) * weight + bias), with given mean and variance.",
  inputs: ["x", "weight", "bias", "mean", "variance"],
  attributes: clamped,
  shape(shapes, _, fail) {
    checkChannels(shapes, fail);
    return shapes.x;
  },
  lower: emitNormalize,
  gradient: {
    x: ({ dy, y, weight, variance }, attributes) => batchNormFrozenBackwardX({ dy, y: isClamped(attributes) ? y : undefined, weight, variance }, attributes),
    weight: (t, a) => frozenBackward(t, a).dweight,
    bias: (t, a) => frozenBackward(t, a).dbias,
  },
  flops: ({ x }) => 4 * sizeOf(x),
  inPlace: "x",
  recompute: true,
});

const frozenBackward = ({ dy, x, weight, bias, mean, variance }: Tensors, attributes: Clamped) =>
  batchNormFrozenBackwardParameters.all({ dy, x, weight, bias, mean, variance }, attributes);

export const batchNormFrozenBackwardX = defineOp({
  name: "batchNormFrozenBackwardX",
  summary: "dx = g * weight / sqrt(variance + epsilon), g = dy where y was not clamped.",
  inputs: ["dy", "y?", "weight", "variance"],
  outputs: ["dx"],
  attributes: clamped,
  shape: ({ dy }) => dy,
  lower(emit, { dx, dy, y, weight, variance }, { epsilon, low, high }) {
    const [rows, channels] = sizes(dy);
    const args = [dx, dy, y ?? 0, emitScale(emit, weight, variance, epsilon), channels, low, high];
    emit.call("batch_norm_frozen_f32_backward_x", args, rows, walkEach(rows, { reads: y ? [dy, y] : [dy], writes: [dx] }));
  },
  flops: ({ dy }) => 4 * sizeOf(dy),
  inPlace: "dy",
});

export const batchNormFrozenBackwardParameters = defineOp({
  name: "batchNormFrozenBackwardParameters",
  summary: "dbias = sum(g), dweight = sum(g (x - mean)) / sqrt(variance + epsilon), per channel, g = dy where y was not clamped.",
  inputs: ["dy", "x", "weight", "bias", "mean", "variance"],
  outputs: ["dweight", "dbias"],
  attributes: clamped,
  shape: ({ weight }) => ({ dweight: weight, dbias: weight }),
  lower: (emit, tensors, attributes) => void emitParameterGradients(emit, tensors, attributes),
  flops: ({ dy }) => 8 * sizeOf(dy),
});

/** Moves running statistics towards those of a batch. `correction` is n / (n - 1) for PyTorch's unbiased running variance. */
export const updateRunning = defineOp({
  name: "updateRunning",
  summary: "running += momentum * (correction * batch - running).",
  inputs: ["running", "batch"],
  attributes: { momentum: 0.1, correction: 1 },
  shape: ({ running, batch }, _, fail) => (sameShape(running, batch) ? {} : fail("running and batch differ in shape")),
  lower: (emit, { running, batch }, { momentum, correction }) =>
    emit.call("update_running_f32", [running, batch, momentum, correction], vectorsOf(running.shape)),
  mutates: ["running"],
});

function checkChannels({ x, ...perChannel }: Shapes, fail: (message: string) => never): void {
  const channels = x.at(-1) ?? fail("x is a scalar, expected channels on its last axis");
  for (const [name, shape] of Object.entries(perChannel)) {
    if (!sameShape(shape, [channels])) fail(`${name} expects one value for each of ${channels} channels`);
  }
}

function rowsOf(shape: Shape): number {
  return sizeOf(shape.slice(0, -1));
}

/** Rows, channels, vectors of 4 channels. */
function sizes({ shape }: Value): [number, number, number] {
  const channels = shape.at(-1) as number;
  return [rowsOf(shape), channels, Math.ceil(channels / 4)];
}

/** Two sums per channel and chunk of rows. */
function partialBytes(x: Value): number {
  const [rows, , vectors] = sizes(x);
  return Math.ceil(rows / chunkRows) * 2 * 16 * vectors;
}

/** weight / sqrt(variance + epsilon), by the kernel of ops/fold-norm. */
function emitScale(emit: Emitter, weight: Value, variance: Value, epsilon: number): Scratch {
  const vectors = vectorsOf(weight.shape);
  const scale = emit.scratch(16 * vectors);
  emit.call("norm_scale_f32", [scale, weight, variance, epsilon], vectors);
  return scale;
}

function emitStatistics(emit: Emitter, { mean, variance, x }: Tensors): void {
  const [rows, channels, vectors] = sizes(x);
  const partial = emit.scratch(partialBytes(x));
  const walk = walkEach(rows, { reads: [x], results: [partial] }, chunkRows);
  emit.call("batch_norm_f32_moments", [partial, x, rows, channels], Math.ceil(rows / chunkRows), walk);
  emit.call("batch_norm_f32_statistics", [mean, variance, partial, rows, channels], vectors);
}

/** y from given statistics. */
function emitNormalize(emit: Emitter, { y, x, weight, bias, mean, variance }: Tensors, { epsilon, low, high }: Clamped): void {
  const [rows, channels] = sizes(x);
  const args = [y, x, emitScale(emit, weight, variance, epsilon), bias, mean, channels, low, high];
  emit.call("batch_norm_f32", args, rows, walkEach(rows, { reads: [x], writes: [y] }));
}

/** Both sums over rows; gives the scale that they needed. */
function emitParameterGradients(emit: Emitter, { dweight, dbias, dy, x, weight, bias, mean, variance }: Tensors, { epsilon, low, high }: Clamped): Scratch {
  const [rows, channels, vectors] = sizes(x);
  const partial = emit.scratch(partialBytes(x));
  const scale = emitScale(emit, weight, variance, epsilon);
  const walk = walkEach(rows, { reads: [dy, x], results: [partial] }, chunkRows);
  emit.call("batch_norm_f32_backward_sums", [partial, dy, x, scale, bias, mean, rows, channels, low, high], Math.ceil(rows / chunkRows), walk);
  emit.call("batch_norm_f32_backward_parameters", [dweight, dbias, partial, variance, epsilon, rows, channels], vectors);
  return scale;
}

function isClamped({ low, high }: Clamped): boolean {
  return low !== -Infinity || high !== Infinity;
}
