import type { Shape } from "../core/shape.js";
import { atOnce, type Slices } from "../core/slices.js";
import { differentiating } from "../autograd/index.js";
import { Graph, type Value } from "../graph/graph.js";
import type { Architecture } from "../nn/architecture.js";
import { Scope, type ScopeOptions } from "../nn/scope.js";
import { accumulate } from "../ops/accumulate.js";
import { ema } from "../ops/ema.js";
import { clipFactor, squaredNorm } from "../ops/gradient-norm.js";
import { mul } from "../ops/mul.js";
import { addUpdate, type OptimizerSettings } from "../optim/optimizer.js";
import { addDistillation } from "./distill-loss.js";
import type { DistillationSettings } from "./distillation.js";
import { addLoss, type LossSettings } from "./loss.js";

/** What of training is built into its programs. */
export interface StepSettings extends OptimizerSettings, LossSettings, Pick<ScopeOptions, "dropRate" | "dropPathRate"> {
  /** Largest norm of all gradients together; 0 is no limit. */
  readonly maxNorm: number;
  readonly batchNorm: "frozen" | "train";
  /** `images`: the whole network learns; `features`: the head learns on the backbone's kept results. */
  readonly from: "images" | "features";
  /** Which of the learning-rate groups a parameter is in, or -1 if it does not learn. */
  readonly groupOf: (name: string) => number;
  /** Gradients are added up over several runs, and `updateGraph` makes the step. Default false. */
  readonly accumulates?: boolean;
  /** A teacher is learnt from. */
  readonly distillation?: DistillationSettings;
  /** Of its projection, default 0. */
  readonly seed?: number;
  /** Averages follow the weights. Default false. */
  readonly averages?: boolean;
}

/** Names of the optimiser's inputs: one per learning-rate group, with and without weight decay. */
export function hyperName(group: number, decays: boolean): string {
  return `hyper.${group}.${decays ? "decay" : "plain"}`;
}

/** Optimiser state is kept under the parameter's name behind this, */
export const statePrefix = "optimizer.";
/** and averages of the weights under theirs behind this. */
export const averagePrefix = "average.";

/**
 * One training step as a graph: forward, loss, backward, and the optimiser's writes.
 * Inputs: x [N, ...], those of `addLoss`, random int32 [4] for dropout, and those of the update: one `hyper` [8] per group in use, and
 * with `averages` `emaShare` [1]; with `accumulates` instead of these `fresh` [1].
 * Outputs: `loss` (of the batch), `logits` [N, classes].
 */
export function trainingGraph(architecture: Architecture, numClasses: number, inputShape: Shape, settings: StepSettings): Graph {
  return atOnce(makingStep(architecture, numClasses, inputShape, settings));
}

/** `trainingGraph` in slices: the forward part is one, in the backward part each node, and each parameter's update. */
export function* makingStep(architecture: Architecture, numClasses: number, inputShape: Shape, settings: StepSettings): Slices<Graph> {
  const graph = new Graph();
  const { batchNorm, dropRate, dropPathRate, groupOf, accumulates } = settings;
  const x = graph.input("x", inputShape);
  const random = graph.input("random", [4], "int32");
  const net = new Scope(graph, { training: true, batchNorm, random, dropRate, dropPathRate, trainable: (name) => groupOf(name) >= 0 });

  const features = settings.from === "images" ? architecture.backbone(net, x) : x;
  const logits = architecture.head(net, features, numClasses);
  graph.scope = "loss";
  const own = addLoss(graph, logits, settings);
  const { distillation, seed = 0, reduction } = settings;
  const both = () => ({ loss: own, logits, embedding: architecture.embedding(features) });
  const how = { reduction: reduction === "sum" ? "sum" : "mean", prefix: statePrefix, seed } as const;
  const loss = distillation && settings.from === "images" ? addDistillation(graph, both(), distillation, how) : own;
  graph.output("loss", loss);
  graph.output("logits", logits);

  yield;
  const slopes = yield* differentiating(loss, learning(graph));
  graph.scope = "optimizer";
  if (accumulates) {
    const fresh = graph.input("fresh", [1]);
    for (const [parameter, x] of slopes) accumulate.all({ sum: gradientSum(parameter), x, fresh });
  } else yield* addUpdates(graph, slopes, settings);
  graph.scope = "";
  return graph;
}

/**
 * The optimiser's step on gradients that `trainingGraph` has added up. Inputs: those of the update, and `share` [1], a factor on the sums.
 *
 * @param step any graph of the phase's steps
 */
export function* updateGraph(step: Graph, settings: StepSettings): Slices<Graph> {
  const graph = new Graph();
  for (const { kind, name, shape, file, trainable, initializer } of step.kept.values()) {
    if (kind === "parameter" || kind === "buffer" || (kind === "state" && trainable)) graph.keep(kind, name, shape, { file, trainable, initializer });
  }
  const summed = [...step.kept.keys()].filter((name) => step.kept.has(gradientName(name)));
  const share = graph.input("share", [1]);
  graph.scope = "optimizer";
  const slopes = summed.map((name) => {
    const parameter = graph.kept.get(name) as Value;
    return [parameter, mul({ a: gradientSum(parameter), b: share })] as const;
  });
  yield* addUpdates(graph, new Map(slopes), settings);
  graph.scope = "";
  return graph;
}

/** The head alone: input x, the backbone's results, to output `logits`. */
export function headGraph(architecture: Architecture, numClasses: number, inputShape: Shape): Graph {
  const graph = new Graph();
  graph.output("logits", architecture.head(new Scope(graph), graph.input("x", inputShape), numClasses));
  return graph;
}

const learning = (graph: Graph) => [...graph.kept.values()].filter(({ trainable }) => trainable);
const gradientName = (parameter: string) => `${statePrefix}gradient.${parameter}`;
const gradientSum = ({ graph, name, shape }: Value) => graph.keep("state", gradientName(name), shape);

/** Weight decay is for weights that multiply, not for norms and biases (He et al. 2019, "Bag of Tricks", section 3.1). */
function decays({ shape }: Value): boolean {
  return shape.length > 1;
}

/** The optimiser's writes to all parameters, and then the averages'. */
function* addUpdates(graph: Graph, slopes: ReadonlyMap<Value, Value>, settings: StepSettings): Slices<void> {
  const norms = settings.maxNorm > 0 ? [...slopes.values()].map((slope) => squaredNorm({ x: slope })) : [];
  const scale = norms.length > 0 ? clipFactor(norms, { maxNorm: settings.maxNorm }) : undefined;
  for (const [parameter, gradient] of slopes) {
    yield;
    const name = hyperName(settings.groupOf(parameter.name), decays(parameter));
    const hyper = graph.inputs.get(name) ?? graph.input(name, [8]);
    const state = (kind: string) => graph.keep("state", `${statePrefix}${kind}.${parameter.name}`, parameter.shape);
    addUpdate(settings, { parameter, gradient, hyper, scale, state });
  }
  if (!settings.averages) return;
  const share = graph.input("emaShare", [1]);
  const follows = settings.batchNorm === "train" && settings.from === "images";
  const changing = [...graph.kept.values()].filter((value) => (value.kind === "parameter" && slopes.has(value)) || (follows && value.kind === "buffer"));
  for (const x of changing) ema.all({ average: graph.keep("state", averagePrefix + x.name, x.shape), x, share });
}
