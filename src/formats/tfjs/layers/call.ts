import type { Fields } from "../../fields.js";
import { activate } from "../../tensorflow/activation.js";
import type { Window } from "../../tensorflow/convolution.js";
import type { Draft, Ref } from "../../tensorflow/draft.js";
import type { LayerWeights } from "./weights.js";

/** Who trained the model; their layers of the same name differ in places. */
export type Flavour = "keras2" | "keras3" | "tfjs";

export interface LayerTensor {
  readonly ref: Ref;
  /** Axes, the batch included. */
  readonly rank: number;
}

/** One call of a layer: what it reads and what its configuration says. */
export class LayerCall {
  private asked = 0;

  constructor(
    readonly draft: Draft,
    readonly name: string,
    readonly config: Fields,
    readonly inputs: readonly LayerTensor[],
    readonly flavour: Flavour,
    private readonly weights: LayerWeights,
  ) {}

  /** The input of a layer that has one. */
  get x(): LayerTensor {
    if (this.inputs.length !== 1) this.config.fail(`expected one input, got ${this.inputs.length}`);
    return this.inputs[0];
  }

  /** The input of a layer for images. */
  get image(): Ref {
    if (this.x.rank !== 4) this.config.fail(`expected an input of 4 axes, got ${this.x.rank}`);
    return this.x.ref;
  }

  get channelsFirst(): boolean {
    return this.config.text("data_format", "channels_last") === "channels_first";
  }

  /** One of the layer's weights, by its names in Keras; to be asked for in the order in which Keras makes them. */
  weight(...names: string[]): Ref {
    return this.weights.find(this.name, names, this.asked++);
  }

  /** The bias, where the layer has one. */
  bias(): Ref | undefined {
    return this.config.flag("use_bias", true) ? this.weight("bias") : undefined;
  }

  window(): Window {
    const padding = this.config.text("padding", "valid").toUpperCase();
    if (padding !== "SAME" && padding !== "VALID") this.draft.unsupported(`padding "${padding.toLowerCase()}" of ${this.config.where}`);
    return {
      strides: this.config.wholes("strides", 2, [1, 1]),
      dilations: this.config.wholes("dilation_rate", 2, [1, 1]),
      padding: padding as "SAME" | "VALID",
      channelsFirst: this.channelsFirst,
    };
  }

  /** The layer's activation of y: a name, or a function that Keras 3 wrote with its module. */
  activated(y: Ref): Ref {
    const value = this.config.get("activation") ?? "linear";
    const name = typeof value === "string" ? value : this.config.fields("activation").text("config");
    // Keras 3 has relu6(x + 3) / 6; before it was 0.2 x + 0.5, as it still is in TF.js.
    if (name === "hard_sigmoid" && this.flavour !== "keras3") return this.draft.add("HardSigmoid", [y], { alpha: 0.2, beta: 0.5 });
    return activate(this.draft, name, y, this.config.where);
  }
}

export type Layer = (call: LayerCall) => LayerTensor;
