import type { Quantization } from "../core/dtype.js";
import { sizeOf, type Shape } from "../core/shape.js";
import { shortStep } from "./short-step.js";

/** int8 weights and what they stand for: weight = data * scale of its output channel. */
export interface QuantizedWeights {
  readonly data: Int8Array;
  readonly scale: Float32Array;
  readonly bias: Float32Array;
}

const mostWeight = 127;
/** A bias is at most so many of its sum's units, which keeps channels with next to no weights in range. */
const mostUnits = 2 ** 22;

/**
 * Symmetric int8 for each output channel (the last axis) of a weight [.., in, out] or [.., 1, C], and a bias that makes up
 * for what rounding the weights does to the mean of the result (Nagel et al. 2019, "Data-Free Quantization", section 4.2, with the
 * means of the calibration images).
 *
 * @param means of the input's channels
 */
export function quantizeWeights(
  weight: Float32Array,
  shape: Shape,
  bias: Float32Array | undefined,
  means: Float64Array,
  input: Quantization,
  depthwise: boolean,
): QuantizedWeights {
  const columns = shape[shape.length - 1];
  const depth = sizeOf(shape) / columns;
  const data = new Int8Array(weight.length);
  const scale = new Float32Array(columns);
  const corrected = new Float32Array(columns);
  for (let column = 0; column < columns; column++) {
    const old = bias?.[column] ?? 0;
    const least = Math.max(Math.abs(old) / input.scale / mostUnits, 2 ** -100);
    const step = shortStep(Math.max(bestStep(weight, column, columns), least));
    let shift = 0;
    for (let i = 0; i < depth; i++) {
      const at = i * columns + column;
      data[at] = nearest(weight[at], step);
      shift += (data[at] * step - weight[at]) * means[depthwise ? column : i % means.length];
    }
    scale[column] = step;
    corrected[column] = old - shift;
  }
  return { data, scale, bias: corrected };
}

const nearest = (weight: number, step: number) => Math.min(Math.max(Math.round(weight / step), -mostWeight), mostWeight);

/** The step with the least squared error over a column: its largest weights may be cut off for finer steps. */
function bestStep(weight: Float32Array, column: number, columns: number): number {
  let largest = 0;
  for (let i = column; i < weight.length; i += columns) largest = Math.max(largest, Math.abs(weight[i]));
  let best = largest / mostWeight;
  let lowest = Number.POSITIVE_INFINITY;
  for (let share = 1; share > 0.6 && largest > 0; share -= 0.02) {
    const step = (share * largest) / mostWeight;
    let error = 0;
    for (let i = column; i < weight.length; i += columns) {
      const off = nearest(weight[i], step) * step - weight[i];
      error += off * off;
    }
    if (error < lowest) [best, lowest] = [step, error];
  }
  return best;
}
