import { Random } from "../core/random.js";
import type { Graph, Value } from "../graph/graph.js";
import { add } from "../ops/add.js";
import { combine } from "../ops/combine.js";
import { softmaxCrossEntropy } from "../ops/cross-entropy.js";
import { dense } from "../ops/dense.js";
import { map } from "../ops/map.js";
import { mean } from "../ops/mean.js";
import { mul } from "../ops/mul.js";
import { sum } from "../ops/sum.js";
import type { DistillationSettings } from "./distillation.js";
import { streams } from "./streams.js";

/** Of an embedding whose length is 0. @see torch.nn.functional.cosine_similarity */
const leastSquare = 1e-16;

/**
 * Mixes what a teacher says into the loss. Inputs: `teacherScores` [N, classes], softened; `teacherEmbedding` [N, D], of unit length for the cosine.
 *
 * @param loss of the labels, reduced as `reduction` says
 * @param prefix of the projection's names: tensors that checkpoints keep beside the model
 */
export function addDistillation(
  graph: Graph,
  { loss, logits, embedding }: { readonly loss: Value; readonly logits: Value; readonly embedding: Value },
  { logits: scores, embedding: features }: DistillationSettings,
  { reduction, prefix, seed }: { readonly reduction: "mean" | "sum"; readonly prefix: string; readonly seed: number },
): Value {
  const [images, classes] = logits.shape;
  const reduce = (x: Value) => (reduction === "sum" ? sum({ x }, { axes: [0] }) : mean({ x }, { axes: [0] }));
  let total = loss;
  if (scores) {
    const { weight, temperature } = scores;
    const softened = map({ x: logits }, { fn: "affine", alpha: 1 / temperature, beta: 0 });
    const each = softmaxCrossEntropy({ logits: softened, targets: graph.input("teacherScores", [images, classes]) });
    total = add({ a: scaled(total, 1 - weight), b: scaled(reduce(each), weight * temperature * temperature) });
  }
  if (features) {
    const { weight, loss: kind, width } = features;
    const depth = embedding.shape[1];
    const target = graph.input("teacherEmbedding", [images, width]);
    const [weights, biases] = projectionNames(prefix);
    const projection = keepUniform(graph, weights, [depth, width], seed, depth);
    const bias = keepUniform(graph, biases, [width], seed + 1, depth);
    const projected = dense({ x: embedding, weight: projection, bias });
    const each = kind === "mse" ? meanSquare(projected, target) : cosineDistance(projected, target);
    total = add({ a: total, b: scaled(reduce(each), weight) });
  }
  return total;
}

/** What the projection is kept as. */
export const projectionNames = (prefix: string) => [`${prefix}projection.weight`, `${prefix}projection.bias`] as const;

const scaled = (x: Value, alpha: number) => map({ x }, { fn: "affine", alpha, beta: 0 });

function meanSquare(a: Value, b: Value): Value {
  const difference = combine({ a, b }, { fn: "sub" });
  return mean({ x: mul({ a: difference, b: difference }) }, { axes: [1] });
}

/** 1 - cosine of the angle to unit vectors. */
function cosineDistance(x: Value, unit: Value): Value {
  const square = map({ x: sum({ x: mul({ a: x, b: x }) }, { axes: [1] }) }, { fn: "affine", alpha: 1, beta: leastSquare });
  const cosine = combine({ a: sum({ x: mul({ a: x, b: unit }) }, { axes: [1] }), b: map({ x: square }, { fn: "sqrt" }) }, { fn: "div" });
  return map({ x: cosine }, { fn: "affine", alpha: -1, beta: 1 });
}

/** A tensor that learns and is no part of the model; PyTorch's start of a linear layer. */
function keepUniform(graph: Graph, name: string, shape: readonly number[], seed: number, fan: number): Value {
  const random = new Random(seed, streams.projection);
  const bound = 1 / Math.sqrt(fan);
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform(-bound, bound));
  return graph.keep("state", name, shape, { trainable: true, initializer: { kind: "values", values } });
}
