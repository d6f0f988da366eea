import { UnsupportedOpError } from "../../../core/errors.js";
import type { Slices } from "../../../core/slices.js";
import type { Graph, Value } from "../../../graph/graph.js";
import { liveNodes } from "../../../plan/passes.js";
import type { StoredTensor } from "../constant.js";
import { subgraph } from "../fold.js";
import type { OnnxModel, OnnxTensorInfo } from "../read-model.js";
import { channelsFirst, GraphWriter, inOrder } from "./graph-writer.js";
import { operators } from "./operators.js";

/** The operator set that files are written for: the oldest with all that is needed (LayerNormalization), which most runtimes have. */
const opset = 17;

export interface OnnxExport {
  /** The inference graph for so many images. */
  readonly graphOf: (batch: number) => Graph;
  /** Numbers of a parameter or running statistic, in its layout in files. */
  readonly kept: (value: Value) => StoredTensor;
  readonly metadata?: ReadonlyMap<string, string>;
}

/**
 * A network as an ONNX graph: images as [N, C, H, W] float32, layers in ONNX's layout with no transposes but where a network's own reshapes
 * need them, initializers under the names and in the layouts of checkpoints. Layers on bytes become QuantizeLinear and DequantizeLinear pairs.
 *
 * @throws {UnsupportedOpError} for an op that ONNX has no operators for, naming its place
 */
export function* exportOnnx({ graphOf, kept, metadata = new Map() }: OnnxExport): Slices<OnnxModel> {
  const [graph, twin] = yield* twins(graphOf);
  const write = new GraphWriter(graph, twin, kept);
  const inputs: OnnxTensorInfo[] = [...graph.inputs].map(([name, value]) => {
    const order = value.shape.length === 4 ? channelsFirst : inOrder(value.shape.length);
    write.set(value, { name, order });
    return { name, type: "float32", shape: symbolic(write, value, order) };
  });
  for (const node of liveNodes(graph)) {
    const operator = operators.get(node.op.name);
    if (!operator) throw new UnsupportedOpError(`onnx export: no ONNX operator for ${node.op.name}${node.scope ? ` at ${node.scope}` : ""}`);
    write.begin(node);
    operator(write, node);
    yield;
  }
  const outputs: OnnxTensorInfo[] = [...graph.outputs].map(([name, value]) => {
    write.publish(name, value);
    return { name, type: "float32", shape: symbolic(write, value, inOrder(value.shape.length)) };
  });
  const { nodes, initializers } = write;
  return subgraph({ file: "model.onnx", opset, producer: "ocelli", nodes, initializers, inputs, outputs, metadata });
}

/**
 * The graph for two images, and for three: sizes that differ follow the batch, which is free in the file. One image would hide it, as axes of
 * size 1 may be left out. A network that takes another form for every batch is written for one image.
 */
function* twins(graphOf: (batch: number) => Graph): Slices<[Graph, Graph]> {
  const two = graphOf(2);
  yield;
  const three = graphOf(3);
  yield;
  const form = ({ nodes }: Graph) =>
    nodes.map(({ op, tensors }) => `${op.name} ${Object.values(tensors).map(({ id, shape }) => `${id}:${shape.length}`)}`).join();
  if (form(two) === form(three)) return [two, three];
  const one = graphOf(1);
  return [one, one];
}

/** Sizes for readers of the file: the batch by a name. */
function symbolic(write: GraphWriter, value: Value, order: readonly number[]): (number | string)[] {
  return write.sizes(value, order).map((size) => size ?? "batch");
}
