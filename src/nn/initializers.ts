import type { Initializer } from "../graph/graph.js";

/** Inputs and outputs that one weight tensor connects, as `torch.nn.init` counts them: channels times kernel positions. */
export interface Fan {
  /** Input channels of a group x kernel height x kernel width. */
  readonly in: number;
  /** Output channels of all groups x kernel height x kernel width. */
  readonly out: number;
  readonly groups: number;
}

/** From the size of a layer to how its weight (or bias) starts. */
export type Initialization = (fan: Fan) => Initializer;

/** PyTorch's default for `Conv2d` and `Linear`, weight and bias: uniform within 1 / sqrt(fan in). */
export const pytorchDefault: Initialization = (fan) => ({ kind: "uniform", bound: 1 / Math.sqrt(fan.in) });

/** He et al. 2015: normal, std sqrt(2 / fan). `torch.nn.init.kaiming_normal_` for ReLU. */
export const kaimingNormalIn: Initialization = (fan) => ({ kind: "normal", std: Math.sqrt(2 / fan.in) });
export const kaimingNormalOut: Initialization = (fan) => ({ kind: "normal", std: Math.sqrt(2 / fan.out) });

/** Uniform within sqrt(6 / fan in). `torch.nn.init.kaiming_uniform_` for ReLU. */
export const kaimingUniformIn: Initialization = (fan) => ({ kind: "uniform", bound: Math.sqrt(6 / fan.in) });

/** Uniform within sqrt(3 / fan out): the same for a sigmoid, by the fan out. */
export const kaimingUniformOut: Initialization = (fan) => ({ kind: "uniform", bound: Math.sqrt(3 / fan.out) });

/** Glorot & Bengio 2010: uniform within sqrt(6 / (fan in + fan out)). `torch.nn.init.xavier_uniform_`. */
export const xavierUniform: Initialization = (fan) => ({ kind: "uniform", bound: Math.sqrt(6 / (fan.in + fan.out)) });

/** Normal, std sqrt(2 / fan out of one group): TensorFlow's MobileNet and EfficientNet, and timm's. */
export const kaimingNormalGroupOut: Initialization = (fan) => ({ kind: "normal", std: Math.sqrt((2 * fan.groups) / fan.out) });

/** Uniform within 1 / sqrt(fan out): timm's classifiers of the MobileNet family. */
export const uniformOut: Initialization = (fan) => ({ kind: "uniform", bound: 1 / Math.sqrt(fan.out) });

export const normal =
  (std: number): Initialization =>
  () => ({ kind: "normal", std });
export const constant =
  (value: number): Initialization =>
  () => ({ kind: "constant", value });
