import { ShapeError } from "../core/errors.js";
import { formatShape, sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { batchNorm as batchNormOp, batchNormFrozen, updateRunning } from "../ops/batch-norm.js";
import { channelsOf } from "./convolution.js";
import type { Scope } from "./scope.js";

/** What a batch norm keeps, each [C]. */
export interface BatchNormTensors {
  readonly weight: Value;
  readonly bias: Value;
  readonly mean: Value;
  readonly variance: Value;
}

/**
 * Batch norm over all axes but the last (Ioffe & Szegedy 2015), PyTorch's `BatchNorm2d`. With batch statistics the
 * running ones follow by `momentum`, the variance with n / (n - 1); else the running ones are used. Epsilon and
 * momentum come from the scope's defaults. `clamp` bounds the result in the same sweeps (ReLU: low 0).
 */
export function batchNorm(net: Scope, x: Value, clamp: { low?: number; high?: number } = {}): Value {
  const shape = [channelsOf(x)];
  const starts = (value: number) => ({ initializer: { kind: "constant", value } as const });
  const weight = net.parameter("weight", shape, starts(1));
  const bias = net.parameter("bias", shape, starts(0));
  const mean = net.buffer("running_mean", shape, starts(0));
  const variance = net.buffer("running_var", shape, starts(1));
  return batchNormWith(net, x, { weight, bias, mean, variance }, { ...net.defaults, ...clamp });
}

/** The same with tensors that are there already; the running ones are followed where they are buffers. */
export function batchNormWith(
  net: Scope,
  x: Value,
  { weight, bias, mean, variance }: BatchNormTensors,
  { epsilon, momentum, low, high }: { epsilon: number; momentum: number; low?: number; high?: number },
): Value {
  const attributes = { epsilon, ...(low !== undefined && { low }), ...(high !== undefined && { high }) };
  if (!net.batchStatistics || mean.kind !== "buffer" || variance.kind !== "buffer") return batchNormFrozen({ x, weight, bias, mean, variance }, attributes);

  const samples = sizeOf(x.shape) / channelsOf(x);
  if (samples < 2) throw new ShapeError(`batchNorm: expected more than 1 value per channel when training, got x ${formatShape(x.shape)} at ${net.path}`);
  const batch = batchNormOp.all({ x, weight, bias }, attributes);
  updateRunning({ running: mean, batch: batch.mean }, { momentum });
  updateRunning({ running: variance, batch: batch.variance }, { momentum, correction: samples / (samples - 1) });
  return batch.y;
}
