import { ShapeError } from "../core/errors.js";
import { formatShape, sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { batchNorm as batchNormOp, batchNormFrozen, updateRunning } from "../ops/batch-norm.js";
import { channelsOf } from "./convolution.js";
import type { Scope } from "./scope.js";

/**
 * Batch norm over all axes but the last (Ioffe & Szegedy 2015), PyTorch's `BatchNorm2d`. With batch statistics the
 * running ones follow by `momentum`, the variance with n / (n - 1); else the running ones are used. Epsilon and
 * momentum come from the scope's defaults. `clamp` bounds the result in the same sweeps (ReLU: low 0).
 */
export function batchNorm(net: Scope, x: Value, clamp: { low?: number; high?: number } = {}): Value {
  const { epsilon, momentum } = net.defaults;
  const shape = [channelsOf(x)];
  const weight = net.parameter("weight", shape, { initializer: { kind: "constant", value: 1 } });
  const bias = net.parameter("bias", shape, { initializer: { kind: "constant", value: 0 } });
  const runningMean = net.buffer("running_mean", shape, { initializer: { kind: "constant", value: 0 } });
  const runningVariance = net.buffer("running_var", shape, { initializer: { kind: "constant", value: 1 } });
  if (!net.batchStatistics) return batchNormFrozen({ x, weight, bias, mean: runningMean, variance: runningVariance }, { epsilon, ...clamp });

  const samples = sizeOf(x.shape) / shape[0];
  if (samples < 2) throw new ShapeError(`batchNorm: expected more than 1 value per channel when training, got x ${formatShape(x.shape)} at ${net.path}`);
  const { y, mean, variance } = batchNormOp.all({ x, weight, bias }, { epsilon, ...clamp });
  updateRunning({ running: runningMean, batch: mean }, { momentum });
  updateRunning({ running: runningVariance, batch: variance }, { momentum, correction: samples / (samples - 1) });
  return y;
}
