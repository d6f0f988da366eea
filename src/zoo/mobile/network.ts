import type { Value } from "../../graph/graph.js";
import { activate } from "../../nn/activation.js";
import type { Network } from "../../nn/architecture.js";
import { convNormAct, dropout } from "../../nn/blocks.js";
import { constant, kaimingNormalGroupOut, uniformOut } from "../../nn/initializers.js";
import { linear } from "../../nn/linear.js";
import { batchNorm } from "../../nn/norm.js";
import type { LayerDefaults, Scope } from "../../nn/scope.js";
import { globalAveragePool } from "../../ops/global-average-pool.js";
import { buildBlock, type Style } from "./blocks.js";
import type { Block } from "./stages.js";

/** What stands between the last block and the classifier: besides the pooling, a 1x1 convolution to `channels`. */
export interface Head {
  readonly channels: number;
  /**
   * `before`: convolution, norm, activation, then the pooling (MobileNetV2, EfficientNet). `after`: pooling, convolution
   * with bias, activation (MobileNetV3). `after-norm`: pooling, convolution, norm, activation (MobileNetV4).
   */
  readonly pooling: "before" | "after" | "after-norm";
  /** Of the convolution in `after`. Default true. */
  readonly bias?: boolean;
  /** Whether checkpoints keep the convolution behind the pooling as one, not as a linear layer. Default true. */
  readonly convolution?: boolean;
}

/** A network of the MobileNet kind in numbers: a 3x3 stem at stride 2, stages of blocks, a head. */
export interface MobileNetwork extends Style {
  readonly stem: number;
  readonly stages: readonly (readonly Block[])[];
  /** Default: the pooling alone. */
  readonly head?: Head;
}

/** What weights and training decide. */
export interface Settings extends Partial<LayerDefaults> {
  /** Before the classifier. */
  readonly dropout: number;
}

/**
 * MobileNet V1 to V4, MNASNet, LCNet, EfficientNet: the networks that timm builds of the same blocks. Parameters are
 * named and start as timm's unless `settings` say otherwise.
 */
export function mobileNetwork({ stem, stages, head, ...style }: MobileNetwork, { dropout: probability, ...defaults }: Settings): Network {
  const within = (root: Scope) =>
    root.with({ convWeight: kaimingNormalGroupOut, convBias: constant(0), linearWeight: uniformOut, linearBias: constant(0), ...defaults });
  const rename = defaults.rename ?? ((name: string) => name);
  return {
    backbone(root, x) {
      const net = within(root);
      let y = convNormAct(net, x, { channels: stem, kernel: 3, stride: 2, activation: style.activation }, ["conv_stem", "bn1"]);
      const count = stages.flat().length;
      let before = 0;
      stages.forEach((blocks, stage) => {
        blocks.forEach((block, i) => {
          y = buildBlock(net.with({ depth: before++ / count }).at(`blocks.${stage}.${i}`), y, block, style);
        });
      });
      return pool(net, y, head, style);
    },
    head: (root, features, numClasses) => linear(within(root).at("classifier"), dropout(root, features, probability), { features: numClasses }),
    embedding: (features) => features,
    classifier: ["classifier.weight", "classifier.bias"].map(rename),
  };
}

function pool(net: Scope, x: Value, head: Head | undefined, { activation }: Style): Value {
  if (!head) return globalAveragePool({ x });
  const { channels, pooling, bias = true, convolution = true } = head;
  if (pooling === "before") return globalAveragePool({ x: convNormAct(net, x, { channels, kernel: 1, activation }, ["conv_head", "bn2"]) });
  const y = linear(net.at("conv_head"), globalAveragePool({ x }), { features: channels, bias: bias && pooling === "after", convolution });
  return activate(pooling === "after" ? y : batchNorm(net.at("norm_head"), y), activation);
}
