import type { Value } from "../graph/graph.js";
import { activate } from "../nn/activation.js";
import { adaptiveAveragePool } from "../nn/adaptive-pool.js";
import { dropout } from "../nn/blocks.js";
import { conv } from "../nn/convolution.js";
import { constant, kaimingNormalOut, normal } from "../nn/initializers.js";
import { linear, linearAfterFlatten } from "../nn/linear.js";
import { batchNorm } from "../nn/norm.js";
import type { Scope } from "../nn/scope.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { maxPool } from "../ops/max-pool.js";
import type { Family } from "./family.js";

export interface VggVariant {
  /** 3x3 convolutions in each of the five stages (Simonyan & Zisserman 2015, table 1). */
  readonly depths: readonly number[];
  /** A batch norm after each of them. */
  readonly norm: boolean;
}

export interface VggOptions {
  readonly naming: "torchvision" | "timm";
  /** Default 0.5 as in torchvision, 0 with timm's names. */
  readonly dropout: number;
  readonly [option: string]: number | string;
}

/** Layers count through: convolution, norm if there is one, ReLU; pools too. */
function convolutions(net: Scope, x: Value, { depths, norm }: VggVariant): Value {
  let y = x;
  let index = 0;
  for (const [stage, depth] of depths.entries()) {
    for (let i = 0; i < depth; i++) {
      y = conv(net.at(String(index++)), y, { channels: Math.min(64 << stage, 512), kernel: 3, padding: 1 });
      y = norm ? batchNorm(net.at(String(index++)), y, { low: 0 }) : activate(y, "relu");
      index++;
    }
    y = maxPool({ x: y }, { kernel: [2, 2] });
    index++;
  }
  return y;
}

/**
 * VGG (Simonyan & Zisserman 2015), named as in torchvision or timm. torchvision brings any image to 7x7 pixels before the hidden layers;
 * timm keeps these as convolutions, and averages what they give where there are more pixels. For 224-pixel images both are the same.
 */
export function vgg(variant: VggVariant): Family<VggOptions> {
  return {
    defaults: ({ naming = "torchvision" }) => ({ naming, dropout: naming === "timm" ? 0 : 0.5 }),
    choices: { naming: ["torchvision", "timm"] },
    namings: { torchvision: "classifier.0.weight", timm: "pre_logits.fc1.weight" },
    build({ naming, dropout: probability }) {
      const isTimm = naming === "timm";
      const head = isTimm ? "head.fc" : "classifier.6";
      const within = (root: Scope) => root.with({ convWeight: kaimingNormalOut, convBias: constant(0), linearWeight: normal(0.01), linearBias: constant(0) });
      return {
        backbone(root, x) {
          const net = within(root);
          let y = convolutions(net.at("features"), x, variant);
          if (!isTimm) {
            y = activate(linearAfterFlatten(net.at("classifier.0"), adaptiveAveragePool(y, [7, 7]), { features: 4096 }), "relu");
            return activate(linear(net.at("classifier.3"), dropout(net, y, probability), { features: 4096 }), "relu");
          }
          y = adaptiveAveragePool(y, [Math.max(y.shape[1], 7), Math.max(y.shape[2], 7)]);
          y = conv(net.at("pre_logits.fc1"), y, { channels: 4096, kernel: 7 });
          y = conv(net.at("pre_logits.fc2"), dropout(net, activate(y, "relu"), probability), { channels: 4096, kernel: 1 });
          return globalAveragePool({ x: activate(y, "relu") });
        },
        head: (root, features, numClasses) => linear(within(root).at(head), dropout(root, features, probability), { features: numClasses }),
        embedding: (features) => features,
        classifier: [`${head}.weight`, `${head}.bias`],
      };
    },
  };
}
