import type { FileLayout, Graph, Initializer, Value } from "../graph/graph.js";
import type { Shape } from "../core/shape.js";
import type { Activation } from "./activation.js";
import { pytorchDefault, type Initialization } from "./initializers.js";

/** How the network is going to be used. */
export interface ScopeOptions {
  /** Dropout is on and batch norm may use batch statistics. Default false. */
  readonly training?: boolean;
  /** `train`: statistics of the batch, running statistics follow (only while `training`); `frozen`: the stored statistics. Default `train`. */
  readonly batchNorm?: "train" | "frozen";
  /** Whether the parameter of this checkpoint name learns. Default: all do. */
  readonly trainable?: (name: string) => boolean;
  /** Random input of dropout and stochastic depth: int32 [4], seed low, seed high, step, 0. Without it both are off. */
  readonly random?: Value;
  /** Probability of dropout before the classifier, in the place of the network's own. */
  readonly dropRate?: number;
  /** Probability with which stochastic depth drops the last residual branch; those before it less, in proportion to their depth. Default 0. */
  readonly dropPathRate?: number;
}

/** What the layers below do where they are not told otherwise. */
export interface LayerDefaults {
  readonly convWeight: Initialization;
  readonly convBias: Initialization;
  readonly linearWeight: Initialization;
  readonly linearBias: Initialization;
  /** Of norms, added to the variance. */
  readonly epsilon: number;
  /** Of batch norm: running += momentum * (batch - running). */
  readonly momentum: number;
  /** Of convolutions followed by a norm: `symmetric` keeps the size at stride 1; `same` is TensorFlow's, asymmetric at stride 2. */
  readonly padding: "symmetric" | "same";
  /** How deep in the network they are: 0 for the first residual block, 1 for the last. */
  readonly depth: number;
  /** What convolutions have in the place of batch norm and of the activation after it, where there is one; default none. */
  readonly norm?: (net: Scope, x: Value, activation?: Activation) => Value;
  /** From a parameter's native name to its name in the checkpoint. */
  readonly rename: (name: string) => string;
}

const pytorch: LayerDefaults = {
  convWeight: pytorchDefault,
  convBias: pytorchDefault,
  linearWeight: pytorchDefault,
  linearBias: pytorchDefault,
  epsilon: 1e-5,
  momentum: 0.1,
  padding: "symmetric",
  depth: 0,
  rename: (name) => name,
};

/** Things that all scopes of one network share. */
interface Shared {
  readonly options: ScopeOptions;
  /** Layers of dropout and stochastic depth made so far; each has its own random stream. */
  dropouts: number;
}

/**
 * A place in a network where layers make their parameters: `net.at("layer1.0")` names what is made there
 * `layer1.0.conv1.weight`, and errors say `at layer1.0.conv1`.
 */
export class Scope {
  readonly defaults: LayerDefaults;
  readonly path: string;
  private readonly shared: Shared;

  constructor(
    readonly graph: Graph,
    options: ScopeOptions = {},
    inside?: { path: string; defaults: LayerDefaults; shared: Shared },
  ) {
    this.shared = inside?.shared ?? { options, dropouts: 0 };
    this.defaults = inside?.defaults ?? pytorch;
    this.path = inside?.path ?? "";
  }

  get training(): boolean {
    return this.shared.options.training ?? false;
  }

  /** Whether batch norm uses (and follows) the statistics of the batch. */
  get batchStatistics(): boolean {
    return this.training && this.shared.options.batchNorm !== "frozen";
  }

  /** Random input of dropout and stochastic depth while training. */
  get random(): Value | undefined {
    return this.training ? this.shared.options.random : undefined;
  }

  get dropRate(): number | undefined {
    return this.shared.options.dropRate;
  }

  get dropPathRate(): number {
    return this.shared.options.dropPathRate ?? 0;
  }

  /** The scope `name` inside this one; names may have dots. */
  at(name: string): Scope {
    const path = this.path ? `${this.path}.${name}` : name;
    this.graph.scope = path;
    return new Scope(this.graph, {}, { path, defaults: this.defaults, shared: this.shared });
  }

  /** This scope with other defaults for the layers in it. */
  with(defaults: Partial<LayerDefaults>): Scope {
    return new Scope(this.graph, {}, { path: this.path, defaults: { ...this.defaults, ...defaults }, shared: this.shared });
  }

  /** A tensor that learns (unless `trainable` says otherwise), of the given shape in memory. */
  parameter(name: string, shape: Shape, options: { initializer: Initializer; file?: FileLayout }): Value {
    const full = this.name(name);
    return this.graph.keep("parameter", full, shape, { ...options, trainable: this.shared.options.trainable?.(full) ?? true });
  }

  /** A tensor that the network itself keeps up: running statistics. */
  buffer(name: string, shape: Shape, options: { initializer: Initializer }): Value {
    return this.graph.keep("buffer", this.name(name), shape, options);
  }

  /** Number of the next random stream, one for each layer of dropout or stochastic depth in order. */
  nextStream(): number {
    return this.shared.dropouts++;
  }

  private name(name: string): string {
    this.graph.scope = this.path;
    return this.defaults.rename(this.path ? `${this.path}.${name}` : name);
  }
}
