import { formatShape, sameShape, sizeOf, vectorsOf, type Shape } from "../core/shape.js";
import { defineOp, type Tensors } from "../graph/op.js";
import { walkEach } from "./lowering/walk.js";

/** Rows that a kernel sums before it starts the next partial sum (`CHUNK` in assembly/ops/attention/layer-norm.ts). */
const chunkRows = 32;

const rowsOf = (shape: Shape) => sizeOf(shape.slice(0, -1));
const channelsOf = (shape: Shape) => shape.at(-1) as number;

/** Normalises each row (last axis) of x by its own mean and biased variance (Ba et al. 2016; PyTorch `layer_norm` over one axis). */
export const layerNorm = defineOp({
  name: "layerNorm",
  summary: "y = (x - mean) / sqrt(variance + epsilon) * weight + bias, mean and variance over the last axis.",
  inputs: ["x", "weight?", "bias?"],
  attributes: { epsilon: 1e-5 },
  shape({ x, ...perChannel }, _, fail) {
    const channels = x.at(-1) ?? fail("x is a scalar, expected at least one axis");
    if (channels === 0) fail("expected at least one value in a row, got none");
    for (const [name, shape] of Object.entries(perChannel)) {
      if (!sameShape(shape, [channels])) fail(`${name} expects [${channels}], got ${formatShape(shape)}`);
    }
    return x;
  },
  lower(emit, { y, x, weight, bias }, { epsilon }) {
    const rows = rowsOf(x.shape);
    if (rows > 0) emit.call("layer_norm_f32", [y, x, weight ?? 0, bias ?? 0, channelsOf(x.shape), epsilon], rows, walkEach(rows, { reads: [x], writes: [y] }));
  },
  gradient: { x: (t, a) => backward(t, a).dx, weight: (t, a) => backward(t, a).dweight, bias: (t, a) => backward(t, a).dbias },
  flops: ({ x }) => 8 * sizeOf(x),
  inPlace: "x",
  recompute: true,
});

const backward = ({ dy, x, weight }: Tensors, attributes: { epsilon: number }) => layerNormBackward.all({ dy, x, weight }, attributes);

export const layerNormBackward = defineOp({
  name: "layerNormBackward",
  summary:
    "Gradients of layerNorm: dbias = sum(dy), dweight = sum(dy h), dx = (g - mean(g) - h mean(g h)) / s, g = dy weight, h = (x - mean) / s, s = sqrt(variance + epsilon).",
  inputs: ["dy", "x", "weight?"],
  outputs: ["dx", "dweight", "dbias"],
  attributes: { epsilon: 1e-5 },
  shape: ({ x }) => ({ dx: x, dweight: x.slice(-1), dbias: x.slice(-1) }),
  lower(emit, { dx, dweight, dbias, dy, x, weight }, { epsilon }) {
    const [rows, channels] = [rowsOf(x.shape), channelsOf(x.shape)];
    const vectors = vectorsOf(dbias.shape);
    const chunks = Math.ceil(rows / chunkRows);
    const partial = emit.scratch(chunks * 2 * 16 * vectors);
    const walk = walkEach(rows, { reads: [dy, x], writes: [dx], results: [partial] }, chunkRows);
    if (rows > 0) emit.call("layer_norm_f32_backward", [dx, partial, dy, x, weight ?? 0, rows, channels, epsilon], chunks, walk);
    emit.call("layer_norm_f32_backward_parameters", [dweight, dbias, partial, chunks, channels], vectors);
  },
  flops: ({ x }) => 15 * sizeOf(x),
  inPlace: "dy",
});
