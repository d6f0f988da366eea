import { FormatError, OcelliError, UnsupportedOpError } from "../../core/errors.js";
import { formatShape, sizeOf } from "../../core/shape.js";
import type { StoredTensor } from "../../formats/onnx/constant.js";
import type { OnnxModel } from "../../formats/onnx/read-model.js";
import { Graph, type Value } from "../../graph/graph.js";
import type { Network } from "../../nn/architecture.js";
import { Scope } from "../../nn/scope.js";
import { concat } from "../../ops/concat.js";
import { globalAveragePool } from "../../ops/global-average-pool.js";
import { reshape } from "../../ops/reshape.js";
import { slice } from "../../ops/slice.js";
import { classifierOf, resized } from "./classifier.js";
import { withFreeBatch } from "./free-batch.js";
import { Halves } from "./halves.js";
import { type ImageInput, imageInput } from "./image-input.js";

export interface ImportedNetwork extends Network {
  readonly image: ImageInput;
  readonly classes: number;
  /** Where the weights come from, by the names that they have in our graph. */
  readonly weights: ReadonlyMap<string, StoredTensor>;
  /** The graph with its classifier for so many classes. */
  graph(numClasses: number): OnnxModel;
}

/**
 * A graph from images to class scores as a network of ours: up to what the classifier takes it is the backbone, from
 * there on the head. A graph that ends without a classifier is all backbone; its result is embedding and logits.
 *
 * @param size height and width in pixels to try the graph on
 * @throws {FormatError | UnsupportedOpError | LimitError} for a graph that is no classifier of images
 */
export function importedNetwork(model: OnnxModel, size: readonly [height: number, width: number]): ImportedNetwork {
  const image = imageInput(model);
  const classifier = classifierOf(model, model.outputs[0].name);
  /** Scores of so many images, from building alone. */
  const scores = (halves: Halves, count: number): Value => {
    const net = new Scope(new Graph());
    const features = halves.features(net, net.graph.input("x", [count, ...size, image.channels]));
    const y = halves.logits(net, features, classifier?.classes ?? 0);
    if (y.shape[0] !== count) throw new FormatError(`load: expected scores of ${count} images, got ${formatShape(y.shape)} (${model.file})`);
    return y;
  };
  const stated = image.info.shape?.[0];
  const batch = typeof stated === "number" ? stated : 1;
  const asTraced = new Halves(model, image, classifier);
  const classes = scores(asTraced, batch).shape[1];
  let free: { readonly halves?: Halves } | undefined;
  /** The graph for another number of images than it was traced on, where it can take that; tried once it is asked for. */
  const forAny = () => {
    const candidates = () => [asTraced, new Halves(withFreeBatch(model, batch), image, classifier)];
    free ??= { halves: candidates().find((halves) => works(() => scores(halves, 2 * batch))) };
    return free.halves;
  };
  /** One half on x, all at once or else so many at a time as the graph was traced on. */
  const run = (x: Value, half: (halves: Halves, x: Value) => Value): Value => {
    const [count, ...rest] = x.shape;
    const halves = count === batch ? asTraced : forAny();
    if (halves) return half(halves, x);
    if (count % batch !== 0) throw new UnsupportedOpError(`${model.file}: this graph takes ${batch} images at a time, got ${count}`);
    const starts = Array.from({ length: count / batch }, (_, i) => [i * batch, ...rest.map(() => 0)]);
    return concat(
      starts.map((start) => half(asTraced, slice({ x }, { starts: start, sizes: [batch, ...rest] }))),
      { axis: 0 },
    );
  };

  return {
    image,
    classes,
    weights: asTraced.weights,
    classifier: classifier?.tensors.map(({ name }) => name) ?? [],
    graph: (numClasses) => (classifier ? resized(model, classifier, numClasses) : model),
    backbone: (net, x) => run(x, (halves, part) => halves.features(net, part)),
    head: (net, features, numClasses) => run(features, (halves, part) => halves.logits(net, part, numClasses)),
    embedding(features) {
      if (classifier?.convolution) return globalAveragePool({ x: features });
      return reshape({ x: features }, { shape: [features.shape[0], sizeOf(features.shape.slice(1))] });
    },
  };
}

/** Whether something can be done without an error of ours. */
function works(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch (error) {
    if (error instanceof OcelliError) return false;
    throw error;
  }
}
