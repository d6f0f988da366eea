import { ArgumentError } from "../core/errors.js";
import { pow } from "../core/math.js";

export interface SgdOptions {
  /** Learning rate. */
  readonly lr: number;
  /** Default 0. */
  readonly momentum?: number;
  /** L2 penalty added to the gradient, default 0. */
  readonly weightDecay?: number;
  /** Default 0. */
  readonly dampening?: number;
  /** Factor on the gradient, default 1. */
  readonly gradientScale?: number;
}

export interface AdamwOptions {
  /** Learning rate. */
  readonly lr: number;
  /** Decay of the running mean and of the running square of the gradient, default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled decay: the parameter shrinks by lr * weightDecay a step; default 0.01. */
  readonly weightDecay?: number;
  /** Factor on the gradient, default 1. */
  readonly gradientScale?: number;
  /** Makes up for running values that start at zero; default true. */
  readonly biasCorrection?: boolean;
}

export interface RmspropOptions {
  /** Learning rate. */
  readonly lr: number;
  /** Decay of the running square of the gradient, default 0.99. */
  readonly alpha?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Default 0. */
  readonly momentum?: number;
  /** L2 penalty added to the gradient, default 0. */
  readonly weightDecay?: number;
  /** Where the running square starts, default 0; 1 in TensorFlow and timm's `RMSpropTF`. */
  readonly start?: number;
  /** Factor on the gradient, default 1. */
  readonly gradientScale?: number;
}

/** The `hyper` input of `sgd`. Defaults as `torch.optim.SGD`. */
export function sgdHyper({ lr, momentum = 0, weightDecay = 0, dampening = 0, gradientScale = 1 }: SgdOptions): Float32Array {
  return Float32Array.of(lr, momentum, weightDecay, dampening, gradientScale, 0, 0, 0);
}

/**
 * The `hyper` input of `rmsprop` for its `step`-th step, counted from 1. Defaults as `torch.optim.RMSprop`. What is left of the running
 * square's start after so many steps is added here, so that the state itself starts at zero.
 */
export function rmspropHyper(
  { lr, alpha = 0.99, epsilon = 1e-8, momentum = 0, weightDecay = 0, start = 0, gradientScale = 1 }: RmspropOptions,
  step: number,
): Float32Array {
  if (!(step >= 1)) throw new ArgumentError(`rmspropHyper: steps count from 1, got ${step}`);
  return Float32Array.of(lr, alpha, epsilon, weightDecay, momentum, start * pow(Math.fround(alpha), step), gradientScale, 0);
}

/**
 * The `hyper` input of `adamw` and `lamb` for its `step`-th step, counted from 1. Defaults as `torch.optim.AdamW`. The bias
 * corrections are those of the betas as float32, the ones that the kernel decays with.
 */
export function adamwHyper(
  { lr, betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01, gradientScale = 1, biasCorrection = true }: AdamwOptions,
  step: number,
): Float32Array {
  if (!(step >= 1)) throw new ArgumentError(`adamwHyper: steps count from 1, got ${step}`);
  const [beta1, beta2] = betas.map(Math.fround);
  const correction = (beta: number) => (biasCorrection ? 1 - pow(beta, step) : 1);
  return Float32Array.of(lr, beta1, beta2, epsilon, weightDecay, correction(beta1), correction(beta2), gradientScale);
}
