import type { Quantization } from "../core/dtype.js";
import { type Shape, sizeOf } from "../core/shape.js";
import { prepareImages } from "../data/prepare.js";
import type { ImageSource } from "../data/image.js";
import { evaluationTransforms } from "../data/preprocessing.js";
import type { Graph, Value } from "../graph/graph.js";
import { depthwiseConv2d } from "../ops/depthwise.js";
import { fuse, is } from "../plan/passes.js";
import { type QuantizedLayer, quantizeGraph } from "../plan/quantize.js";
import type { TensorData } from "../runtime/session.js";
import type { Model } from "./model.js";
import { ChannelMeans, Observer } from "./observe.js";
import type { Activations } from "./quantized.js";
import { quantizeWeights } from "./quantized-weights.js";

/** One image as the network takes it. */
export interface Sample {
  readonly data: Float32Array;
  readonly shape: Shape;
}

/** All numbers of a quantised model. */
export interface Calibration {
  readonly activations: Activations;
  /** Its kept tensors by name, in the layout that they have in memory. */
  readonly tensors: ReadonlyMap<string, TensorData>;
  readonly sample: Sample;
}

/** Images that are decoded together. */
const chunk = 32;

/**
 * Runs a float model over images and settles the numbers of the quantised one: ranges of its activations from what they
 * were, weights from what they are with the norms folded in.
 */
export async function calibrate(
  model: Model,
  sources: readonly ImageSource[],
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void },
): Promise<Calibration> {
  const [height, width] = model.imageSize;
  const { channels } = model.architecture;
  const shape = [1, height, width, channels];
  const graph = fuse(model.graph({ batch: 1, height, width }, "logits"));
  const watched = new Map<string, Value>();
  const layers = new Map<string, QuantizedLayer>();
  quantizeGraph(graph, {
    activation(name, value) {
      watched.set(name, value);
      return { scale: 1, zeroPoint: 0 };
    },
    layer: (layer) => void layers.set(layer.names.weight, layer),
  });

  const folded = await withOutputs(model, graph, foldedWeights(layers.values()), (run) => run(new Float32Array(sizeOf(shape))));
  const observers = new Map([...watched.keys()].map((name) => [name, new Observer()]));
  const inputs = new Map([...layers.values()].map(({ names, node }) => [inputOf(names.weight), node.tensors.x]));
  const means = new Map([...inputs].map(([name, { shape }]) => [name, new ChannelMeans(shape[shape.length - 1])]));
  let sample: Float32Array = new Float32Array(0);
  await withOutputs(model, graph, new Map([...watched, ...inputs]), async (run) => {
    for (let start = 0; start < sources.length; start += chunk) {
      const pipeline = evaluationTransforms(model.preprocessing);
      const prepared = await prepareImages(sources.slice(start, start + chunk), { pipeline, channels, inline: model.inline, signal });
      for (const [i, { data }] of prepared.entries()) {
        signal?.throwIfAborted();
        const found = await run(data);
        for (const [name, observer] of observers) observer.add(found[name]);
        for (const [name, channelMeans] of means) channelMeans.add(found[name]);
        onProgress?.(start + i + 1, sources.length);
      }
      sample = prepared[0].data;
    }
  });

  const activations = new Map([...observers].map(([name, observer]) => [name, observer.quantization()]));
  const tensors = new Map<string, TensorData>();
  quantizeGraph(graph, {
    activation: (name) => activations.get(name) as Quantization,
    layer({ names, node, input }) {
      const { shape } = node.tensors.weight;
      const mean = (means.get(inputOf(names.weight)) as ChannelMeans).means();
      const { data, scale, bias } = quantizeWeights(folded[names.weight], shape, folded[names.bias], mean, input, is(node, depthwiseConv2d));
      tensors.set(names.weight, data).set(names.scale, scale).set(names.bias, bias);
    },
  });
  return { activations, tensors, sample: { data: sample, shape } };
}

const inputOf = (weight: string) => `input of ${weight}`;

/** Weights and biases of the layers with the norms folded in, by the names that they get. */
function foldedWeights(layers: Iterable<QuantizedLayer>): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const { names, node } of layers) {
    values.set(names.weight, node.tensors.weight);
    if (node.tensors.bias) values.set(names.bias, node.tensors.bias);
  }
  return values;
}

/** Runs the model's program of a graph with other outputs than its own. */
async function withOutputs<T>(
  model: Model,
  graph: Graph,
  outputs: ReadonlyMap<string, Value>,
  use: (run: (x: Float32Array) => Promise<Record<string, Float32Array>>) => Promise<T>,
): Promise<T> {
  const known = new Map(graph.outputs);
  graph.outputs.clear();
  for (const [name, value] of outputs) graph.output(name, value);
  const program = await model.session.prepare(graph);
  graph.outputs.clear();
  for (const [name, value] of known) graph.output(name, value);
  try {
    return await use((x) => program.run({ x }));
  } finally {
    await program.close();
  }
}
