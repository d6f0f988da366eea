import { checkedVariant, type Variants, type Whole, wholeVariant } from "../core/variant.js";
import type { Graph, Value } from "../graph/graph.js";
import { oneHot, softmaxCrossEntropy } from "../ops/cross-entropy.js";
import { focalLoss } from "../ops/focal-loss.js";
import { mean } from "../ops/mean.js";
import { mul } from "../ops/mul.js";
import { sigmoidCrossEntropy } from "../ops/sigmoid-cross-entropy.js";
import { smoothTargets } from "../ops/smooth-targets.js";
import { sum } from "../ops/sum.js";

/** What training makes small: one number for each image, of which a batch's loss is the mean. */
export type Loss =
  /** Of softmax. @see torch.nn.CrossEntropyLoss */
  | { readonly name: "crossEntropy" }
  /** Each class for itself: its sigmoid is to be its target. @see timm `BinaryCrossEntropy` */
  | {
      readonly name: "binaryCrossEntropy";
      /** Targets above it (after label smoothing) become 1, the others 0; negative, as by default: they stay as they are. */
      readonly targetThreshold?: number;
      /** The sum over the classes in place of their mean. Default false. */
      readonly sumClasses?: boolean;
    }
  /** Cross-entropy times (1 - p)^gamma: what is classified well already counts less. @see Lin et al. 2017, "Focal loss for dense object detection" */
  | { readonly name: "focal" /** 0 to 10, default 2. */; readonly gamma?: number }
  /** The same of binary cross-entropy. @see torchvision.ops.sigmoid_focal_loss */
  | {
      readonly name: "sigmoidFocal";
      /** 0 to 10, default 2. */
      readonly gamma?: number;
      /** Weight of the class that an image has, against 1 - alpha of those that it has not; negative: none. Default 0.25. */
      readonly alpha?: number;
      /** The sum over the classes in place of their mean. Default false. */
      readonly sumClasses?: boolean;
    };

export type LossName = Loss["name"];

/** Weight of each class in the loss, in the order of the data set's classes; `balanced`: images / (classes * images of the class). */
export type ClassWeights = "balanced" | readonly number[];

const defaults: Variants<Loss> = {
  crossEntropy: { name: "crossEntropy" },
  binaryCrossEntropy: { name: "binaryCrossEntropy", targetThreshold: -1, sumClasses: false },
  focal: { name: "focal", gamma: 2 },
  sigmoidFocal: { name: "sigmoidFocal", gamma: 2, alpha: 0.25, sumClasses: false },
};
const rules = { targetThreshold: [-1, 1], gamma: [0, 10], alpha: [-1, 1] } as const;

/** The loss with every option. @throws {ArgumentError} for a loss or an option that there is not, or a number outside its range */
export const checkedLoss = (loss: LossName | Loss): Loss => checkedVariant<Loss>("train: loss", loss, defaults, rules);

/** What of the loss is built into a step's program. */
export interface LossSettings {
  /** Default `crossEntropy`. */
  readonly loss?: LossName | Loss;
  /** Share of the target that is spread over all classes, 0 to 1. */
  readonly labelSmoothing: number;
  /** Each image brings probabilities of the classes instead of a label, such as mixed ones or a teacher's. Default false. */
  readonly softTargets?: boolean;
  /** There is an input `classWeights` [classes]. Default false. */
  readonly weighted?: boolean;
  /** How the images' losses become one number: their mean, their sum, or their sum times an input `share` []. Default `mean`. */
  readonly reduction?: "mean" | "sum" | "share";
}

/** Adds the loss of a batch to the graph of its logits [N, classes], with the inputs that it takes: `labels` int32 [N] or `targets` [N, classes], and those that settings name. */
export function addLoss(graph: Graph, logits: Value, settings: LossSettings): Value {
  const [images, classes] = logits.shape;
  const { labelSmoothing: smoothing, reduction = "mean", softTargets, weighted } = settings;
  const loss = wholeVariant<Loss>(settings.loss ?? "crossEntropy", defaults);
  const given = softTargets ? graph.input("targets", [images, classes]) : graph.input("labels", [images], "int32");
  const weight = weighted ? graph.input("classWeights", [classes]) : undefined;
  let targets = softTargets ? smoothTargets({ targets: given }, { smoothing }) : oneHot({ labels: given }, { classes, smoothing });
  if (loss.name === "binaryCrossEntropy" && loss.targetThreshold >= 0) targets = smoothTargets({ targets }, { threshold: loss.targetThreshold });
  const each = eachLoss(loss, logits, targets, weight);
  if (reduction === "mean") return mean({ x: each }, { axes: [0] });
  const total = sum({ x: each }, { axes: [0] });
  return reduction === "sum" ? total : mul({ a: total, b: graph.input("share", []) });
}

/** One number for each image [N]. */
function eachLoss(loss: Whole<Loss>, logits: Value, targets: Value, weight: Value | undefined): Value {
  if (loss.name === "binaryCrossEntropy") return sigmoidCrossEntropy({ logits, targets, weight }, { sumClasses: loss.sumClasses });
  if (loss.name === "sigmoidFocal") {
    const { gamma, alpha, sumClasses } = loss;
    return sigmoidCrossEntropy({ logits, targets, weight }, { gamma, alpha, sumClasses });
  }
  const weighed = weight ? mul({ a: targets, b: weight }) : targets;
  return loss.name === "focal" ? focalLoss({ logits, targets: weighed }, { gamma: loss.gamma }) : softmaxCrossEntropy({ logits, targets: weighed });
}

/**
 * By what the sum of a batch's losses is divided: the number of images, or as PyTorch does it the sum of their labels' weights where
 * classes are weighed. Losses of sigmoids and of probabilities divide by the number of images there too.
 */
export function lossDivisor(loss: LossName | Loss | undefined, labels: ArrayLike<number>, weights: Float32Array | undefined, softTargets: boolean): number {
  const { name } = wholeVariant<Loss>(loss ?? "crossEntropy", defaults);
  if (!weights || softTargets || name === "binaryCrossEntropy" || name === "sigmoidFocal") return labels.length;
  return Array.from(labels).reduce((total, label) => total + weights[label], 0);
}

/**
 * The weight of each of the model's classes; those that the data set has not weigh 1.
 *
 * @param counts images of each of the data set's classes
 * @param labels the model's label of each of the data set's classes
 */
export function classWeightsOf(weights: ClassWeights, counts: readonly number[], labels: readonly number[], classes: number): Float32Array {
  const found = new Float32Array(classes).fill(1);
  const images = counts.reduce((sum, count) => sum + count, 0);
  labels.forEach((label, i) => {
    found[label] = weights === "balanced" ? (counts[i] > 0 ? images / (counts.length * counts[i]) : 1) : weights[i];
  });
  return found;
}
