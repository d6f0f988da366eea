/** What quantised layers share: checks, the bounds of their bytes, and the constants that turn int32 sums into results. */
import type { Build } from "../../core/build.js";
import type { Quantization } from "../../core/dtype.js";
import { ShapeError } from "../../core/errors.js";
import { formatShape, sameShape } from "../../core/shape.js";
import type { Value } from "../../graph/graph.js";
import type { Argument, Emitter, TensorType, Tensors } from "../../graph/op.js";

/** Largest byte of an activation: 7 bits, because some engines' dot products take no more of one operand. */
export const mostByte = 127;

/** Whose kernels take a build's bytes. Tiles for pairs of vectors were a third slower than relaxed's when measured. */
export const byteBuildOf = (build: Build): Build => (build === "turbo" ? "relaxed" : build);

/** Attributes of a layer's result: real bounds, and the quantisation of its bytes; with `scale` 0 it gives floats. */
export const resultAttributes = { low: -Infinity, high: Infinity, scale: 0, zeroPoint: 0 };
export type ResultAttributes = typeof resultAttributes;

export const inputsOfLayer = ["x", "weight", "weightScale", "bias?"] as const;

/** The quantisation of activations. @throws {ShapeError} where they are floats */
export function quantizationOf(op: string, name: string, { quantization, dtype, shape }: Value): Quantization {
  if (dtype !== "uint8" || !quantization) throw new ShapeError(`${op}: ${name} expects quantised uint8, got ${dtype} ${formatShape(shape)}`);
  return quantization;
}

/** Checks the element types of a layer's tensors and gives that of its result. */
export function resultType(op: string, { x, weight, weightScale, bias, residual }: Tensors, { scale, zeroPoint }: ResultAttributes): TensorType {
  quantizationOf(op, "x", x);
  if (weight.dtype !== "int8") throw new ShapeError(`${op}: weight expects int8, got ${weight.dtype} ${formatShape(weight.shape)}`);
  const channels = [weight.shape[weight.shape.length - 1]];
  if (!sameShape(weightScale.shape, channels))
    throw new ShapeError(`${op}: weightScale expects ${formatShape(channels)}, got ${formatShape(weightScale.shape)}`);
  if (bias && !sameShape(bias.shape, channels)) throw new ShapeError(`${op}: bias expects ${formatShape(channels)}, got ${formatShape(bias.shape)}`);
  if (residual) quantizationOf(op, "residual", residual);
  if (residual && scale === 0) throw new ShapeError(`${op}: a residual is added to bytes, not to floats`);
  return typeOf({ scale, zeroPoint });
}

/** Bytes of this quantisation, or floats where its scale is 0. */
export function typeOf({ scale, zeroPoint }: Quantization): TensorType {
  return scale === 0 ? { dtype: "float32" } : { dtype: "uint8", quantization: { scale, zeroPoint } };
}

/** The last arguments of a layer's kernel but `floats`: bounds of what it stores. */
export function storedBounds({ low, high, scale, zeroPoint }: ResultAttributes): [number, number] {
  if (scale === 0) return [low, high];
  const byte = (value: number) => Math.min(Math.max(Math.round(value / scale) + zeroPoint, 0), mostByte);
  return [byte(low), byte(high)];
}

/** Where a layer's int32 biases and float multipliers are, one of each for every output channel. */
export function requantization(
  emit: Emitter,
  { x, weight, weightScale, bias, residual }: Tensors,
  depth: number,
  { scale, zeroPoint }: Quantization,
): readonly [Argument, Argument] {
  const input = quantizationOf("requantization", "x", x);
  const columns = weightScale.shape[0];
  const padded = Math.ceil(columns / 16) * 16;
  const { scale: step, zeroPoint: origin } = residual?.quantization ?? { scale: 0, zeroPoint: 0 };
  const outScale = scale === 0 ? 1 : scale;
  const key = `requantization ${weightScale.name} ${bias?.name} ${[input.scale, input.zeroPoint, scale, zeroPoint, step, origin]}`;
  const constants = emit.derived(weight, key, 8 * padded, (fill, target) => {
    const into = [target, { base: target, bytes: 4 * padded }];
    fill.call("requantization_i8", [...into, weight, weightScale, bias ?? 0, depth, columns, input.scale, input.zeroPoint, outScale, step * origin], padded);
  });
  return [constants, { base: constants, bytes: 4 * padded }];
}

/** Adds the residual's share to a sum: its steps in steps of the result. */
export const residualFactor = (residual: Value | undefined, { scale }: Quantization) => (residual?.quantization ? residual.quantization.scale / scale : 0);
