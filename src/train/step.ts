import type { Shape } from "../core/shape.js";
import { gradients } from "../autograd/index.js";
import { Graph, type Value } from "../graph/graph.js";
import type { Architecture } from "../nn/architecture.js";
import { Scope } from "../nn/scope.js";
import { adamw } from "../ops/adamw.js";
import { oneHot, softmaxCrossEntropy } from "../ops/cross-entropy.js";
import { clipFactor, squaredNorm } from "../ops/gradient-norm.js";
import { mean } from "../ops/mean.js";
import { sgd } from "../ops/sgd.js";
import { smoothTargets } from "../ops/smooth-targets.js";

/** What of training is built into the program. */
export interface StepSettings {
  readonly optimizer: "sgd" | "adamw";
  readonly nesterov: boolean;
  /** Share of the target that is spread over all classes, 0 to 1. */
  readonly labelSmoothing: number;
  /** Largest norm of all gradients together; 0 is no limit. */
  readonly maxNorm: number;
  readonly batchNorm: "frozen" | "train";
  /** `images`: the whole network learns; `features`: the head learns on the backbone's kept results. */
  readonly from: "images" | "features";
  /** Each image brings probabilities of the classes instead of a label, such as mixed ones or a teacher's. Default false. */
  readonly softTargets?: boolean;
  /** Which of the learning-rate groups a parameter is in, or -1 if it does not learn. */
  readonly groupOf: (name: string) => number;
}

/** Names of the optimiser's inputs: one per learning-rate group, with and without weight decay. */
export function hyperName(group: number, decays: boolean): string {
  return `hyper.${group}.${decays ? "decay" : "plain"}`;
}

/** Optimiser state is kept under the parameter's name behind this. */
export const statePrefix = "optimizer.";

/**
 * One training step as a graph: forward, loss, backward, and the optimiser's writes.
 * Inputs: x [N, ...], labels int32 [N] or with `softTargets` targets [N, classes] (before label smoothing), random int32 [4] for
 * dropout, and one `hyper` [8] per group in use.
 * Outputs: `loss` (mean over the batch), `logits` [N, classes].
 */
export function trainingGraph(architecture: Architecture, numClasses: number, inputShape: Shape, settings: StepSettings): Graph {
  const graph = new Graph();
  const x = graph.input("x", inputShape);
  const { labelSmoothing: smoothing, softTargets } = settings;
  const given = softTargets ? graph.input("targets", [inputShape[0], numClasses]) : graph.input("labels", [inputShape[0]], "int32");
  const random = graph.input("random", [4], "int32");
  const net = new Scope(graph, { training: true, batchNorm: settings.batchNorm, random, trainable: (name) => settings.groupOf(name) >= 0 });

  const features = settings.from === "images" ? architecture.backbone(net, x) : x;
  const logits = architecture.head(net, features, numClasses);
  graph.scope = "loss";
  const targets = softTargets ? smoothTargets({ targets: given }, { smoothing }) : oneHot({ labels: given }, { classes: numClasses, smoothing });
  const loss = mean({ x: softmaxCrossEntropy({ logits, targets }) }, { axes: [0] });
  graph.output("loss", loss);
  graph.output("logits", logits);

  const parameters = [...graph.kept.values()].filter(({ kind, trainable }) => kind === "parameter" && trainable);
  const slopes = gradients(loss, parameters);
  graph.scope = "optimizer";
  const scale =
    settings.maxNorm > 0
      ? clipFactor(
          [...slopes.values()].map((slope) => squaredNorm({ x: slope })),
          { maxNorm: settings.maxNorm },
        )
      : undefined;
  for (const [parameter, gradient] of slopes) update(graph, parameter, gradient, scale, settings);
  graph.scope = "";
  return graph;
}

/** The head alone: input x, the backbone's results, to output `logits`. */
export function headGraph(architecture: Architecture, numClasses: number, inputShape: Shape): Graph {
  const graph = new Graph();
  graph.output("logits", architecture.head(new Scope(graph), graph.input("x", inputShape), numClasses));
  return graph;
}

/** Weight decay is for weights that multiply, not for norms and biases (He et al. 2019, "Bag of Tricks", section 3.1). */
function decays({ shape }: Value): boolean {
  return shape.length > 1;
}

function update(graph: Graph, parameter: Value, gradient: Value, scale: Value | undefined, { optimizer, nesterov, groupOf }: StepSettings): void {
  const name = hyperName(groupOf(parameter.name), decays(parameter));
  const hyper = graph.inputs.get(name) ?? graph.input(name, [8]);
  const state = (kind: string) => graph.keep("state", `${statePrefix}${kind}.${parameter.name}`, parameter.shape);
  if (optimizer === "sgd") sgd.all({ parameter, gradient, momentum: state("momentum"), hyper, scale }, { nesterov });
  else adamw.all({ parameter, gradient, mean: state("mean"), square: state("square"), hyper, scale });
}
