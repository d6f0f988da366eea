import { checkedVariant, type Variants, wholeVariant } from "../core/variant.js";
import type { Value } from "../graph/graph.js";
import { adamw } from "../ops/adamw.js";
import { lamb } from "../ops/lamb.js";
import { rmsprop } from "../ops/rmsprop.js";
import { sgd } from "../ops/sgd.js";
import { adamwHyper, rmspropHyper, sgdHyper } from "./hyper.js";

/** An optimiser with what it alone has; `momentum`, `nesterov` and `weightDecay` are the trainer's. */
export type Optimizer =
  /** Stochastic gradient descent with momentum. @see torch.optim.SGD */
  | { readonly name: "sgd" /** Default 0. */; readonly dampening?: number }
  /** Adam with decoupled weight decay. @see torch.optim.AdamW */
  | { readonly name: "adamw" /** Default [0.9, 0.999]. */; readonly betas?: readonly [number, number] /** Default 1e-8. */; readonly eps?: number }
  /** AdamW's direction, as long as each parameter is: for large batches. @see timm `Lamb` (its `max_grad_norm` is the trainer's `maxNorm`) */
  | {
      readonly name: "lamb";
      /** Default [0.9, 0.999]. */
      readonly betas?: readonly [number, number];
      /** Default 1e-6. */
      readonly eps?: number;
      /** Default true. */
      readonly biasCorrection?: boolean;
      /** A parameter moves by the direction's own length at most (LAMBC). Default false. */
      readonly trustClip?: boolean;
      /** Also parameters without weight decay move by their own length. Default false. */
      readonly alwaysAdapt?: boolean;
    }
  /** PyTorch's, or with `rmsproptf` TensorFlow's: the square starts at 1, eps stands inside the root, the rate inside the momentum. @see torch.optim.RMSprop; timm `RMSpropTF` */
  | {
      readonly name: "rmsprop" | "rmsproptf";
      /** Decay of the running square, default 0.99, of `rmsproptf` 0.9. */
      readonly alpha?: number;
      /** Default 1e-8, of `rmsproptf` 1e-10. */
      readonly eps?: number;
      /** The variance in place of the square. Default false. */
      readonly centered?: boolean;
    };

export type OptimizerName = Optimizer["name"];

/** What the trainer says of its optimiser. */
export interface OptimizerSettings {
  readonly optimizer: OptimizerName | Optimizer;
  /** Of sgd and rmsprop. */
  readonly momentum?: number;
  /** Of sgd. */
  readonly nesterov: boolean;
}

const betas = [0.9, 0.999] as const;
const defaults: Variants<Optimizer> = {
  sgd: { name: "sgd", dampening: 0 },
  adamw: { name: "adamw", betas, eps: 1e-8 },
  lamb: { name: "lamb", betas, eps: 1e-6, biasCorrection: true, trustClip: false, alwaysAdapt: false },
  rmsprop: { name: "rmsprop", alpha: 0.99, eps: 1e-8, centered: false },
  rmsproptf: { name: "rmsproptf", alpha: 0.9, eps: 1e-10, centered: false },
};
/** A beta of 1 in float32 would divide by 0. */
const below1 = 1 - 2 ** -24;
const rules = { dampening: [0, 1], betas: [0, below1], eps: [0, Number.MAX_VALUE], alpha: [0, below1] } as const;

/** What a trainer uses where nothing else is said: the defaults of PyTorch and timm, but for sgd's. */
export const trainerDefaults: Readonly<Record<OptimizerName, { readonly lr: number; readonly weightDecay: number; readonly maxNorm: number }>> = {
  sgd: { lr: 0.05, weightDecay: 1e-4, maxNorm: 0 },
  adamw: { lr: 1e-3, weightDecay: 0.01, maxNorm: 0 },
  lamb: { lr: 1e-3, weightDecay: 0.01, maxNorm: 1 },
  rmsprop: { lr: 1e-2, weightDecay: 0, maxNorm: 0 },
  rmsproptf: { lr: 1e-2, weightDecay: 0, maxNorm: 0 },
};

/**
 * The optimiser as settings keep it: its name where all else is the default, else every option.
 *
 * @throws {ArgumentError} for an optimiser or an option that there is not, or a number outside its range
 */
export function checkedOptimizer(optimizer: OptimizerName | Optimizer): OptimizerName | Optimizer {
  const whole = checkedVariant<Optimizer>("train: optimizer", optimizer, defaults, rules);
  return JSON.stringify(whole) === JSON.stringify(defaults[whole.name]) ? whole.name : whole;
}

/** What one parameter's step works on. `state` makes a tensor of the parameter's shape that is kept between steps and starts at zero. */
export interface Update {
  readonly parameter: Value;
  readonly gradient: Value;
  readonly hyper: Value;
  /** One number, a factor on the gradient. */
  readonly scale?: Value;
  readonly state: (kind: string) => Value;
}

/** Adds the node of one parameter's step to its graph. */
export function addUpdate({ optimizer, momentum, nesterov }: OptimizerSettings, { state, ...tensors }: Update): void {
  const chosen = wholeVariant<Optimizer>(optimizer, defaults);
  switch (chosen.name) {
    case "sgd":
      sgd.all({ ...tensors, momentum: state("momentum") }, { nesterov });
      break;
    case "adamw":
      adamw.all({ ...tensors, mean: state("mean"), square: state("square") });
      break;
    case "lamb":
      lamb.all({ ...tensors, mean: state("mean"), square: state("square") }, { trustClip: chosen.trustClip, alwaysAdapt: chosen.alwaysAdapt });
      break;
    default: {
      const mean = chosen.centered ? state("mean") : undefined;
      const buffer = momentum === 0 ? undefined : state("momentum");
      rmsprop.all({ ...tensors, square: state("square"), mean, momentum: buffer }, { tensorflow: chosen.name === "rmsproptf" });
    }
  }
}

/** The `hyper` input of `addUpdate`'s node. @param step of the optimiser, from 1 */
export function hyperOf({ optimizer, momentum }: OptimizerSettings, rate: { readonly lr: number; readonly weightDecay: number }, step: number): Float32Array {
  const chosen = wholeVariant<Optimizer>(optimizer, defaults);
  switch (chosen.name) {
    case "sgd":
      return sgdHyper({ ...rate, momentum, dampening: chosen.dampening });
    case "adamw":
      return adamwHyper({ ...rate, betas: chosen.betas, epsilon: chosen.eps }, step);
    case "lamb":
      return adamwHyper({ ...rate, betas: chosen.betas, epsilon: chosen.eps, biasCorrection: chosen.biasCorrection }, step);
    default:
      return rmspropHyper({ ...rate, momentum, alpha: chosen.alpha, epsilon: chosen.eps, start: Number(chosen.name === "rmsproptf") }, step);
  }
}
