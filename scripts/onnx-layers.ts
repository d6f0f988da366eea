/**
 * Every layer of an exported network on its own: onnxruntime gets our tensors at the layer's inputs, and what it makes of them is held
 * against ours. Nothing adds up from layer to layer, so what differs is the layer's own.
 */
import type { Elements } from "../src/formats/onnx/constant.js";
import { subgraph } from "../src/formats/onnx/fold.js";
import type { OnnxModel, OnnxNode, OnnxTensorInfo } from "../src/formats/onnx/read-model.js";
import { onnxBytes } from "../src/formats/onnx/write-model.js";
import type { Graph, Value } from "../src/graph/graph.js";
import type { Model } from "../src/index.js";
import { onnxOf } from "../src/model/save-onnx.js";
import { dequantize } from "../src/ops/quantize.js";
import { liveNodes } from "../src/plan/passes.js";
import { relativeError } from "../test/zoo/recipe.js";

/** What is used of onnxruntime-node. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(
      model: Uint8Array | string,
      options?: { graphOptimizationLevel: Optimization },
    ): Promise<{ run(feeds: Record<string, object>): Promise<Record<string, { data: Elements }>>; release(): Promise<void> }>;
  };
  readonly Tensor: new (type: string, data: Elements, shape: readonly number[]) => object;
}

export type Optimization = "disabled" | "all";

/** Our tensors against onnxruntime's, the largest of each difference with the layer that it is in. */
export interface LayerReport {
  /** Tensors of bytes and of floats that layers make. */
  readonly bytes: number;
  readonly floats: number;
  /** In levels. */
  readonly levels: Largest;
  /** The share of a layer's bytes that differ at all. */
  readonly share: Largest;
  /** How far more than half a level a byte of ours is from the real number that onnxruntime rounds there, in levels; without optimisations. */
  readonly beyondHalf: Largest;
  /** Of floats, as a share of their tensor's largest. */
  readonly relative: Largest;
}

/** One of our tensors, as the file has it. */
interface Cut extends OnnxTensorInfo {
  readonly shape: readonly number[];
  readonly data: Elements;
}

/** @param x images [batch, H, W, C] */
export async function checkLayers(runtime: OnnxRuntime, model: Model, x: Float32Array, batch: number, optimization: Optimization): Promise<LayerReport> {
  const [height, width] = model.imageSize;
  const graph = withAllResults(model.graph({ batch, height, width }, "logits"));
  const program = await model.session.prepare(graph);
  const results = await program.run({ x });
  await program.close();
  const whole = await onnxOf(model, { rewrite: withAllResults });
  const makers = new Map(whole.nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  const cuts = new Map<string, Cut>();
  for (const [name, value] of graph.outputs) {
    const cut = cutOf(name, value, results[name], makers);
    if (!cuts.has(cut.name)) cuts.set(cut.name, cut);
  }

  const layers = apart(whole, cuts);
  // What is asked for has to be made: with these outputs onnxruntime would keep its float kernels.
  const isFree = optimization === "all";
  const unrounded = layers.nodes.flatMap(({ op, inputs: [before] }) => (op === "QuantizeLinear" && makers.has(before) && !isFree ? before : []));
  const outputs = [...layers.outputs, ...unrounded.map((name) => ({ name, type: "float32" as const }))];
  const session = await runtime.InferenceSession.create(onnxBytes({ ...layers, outputs }), { graphOptimizationLevel: optimization });
  const image: Cut = { name: "x", type: "float32", ...inFile(x, [batch, height, width, model.architecture.channels], [0, 3, 1, 2]) };
  const feeds = [image, ...[...cuts.values()].map((cut) => ({ ...cut, name: given(cut.name) }))];
  const theirs = await session.run(Object.fromEntries(feeds.map(({ name, type, data, shape }) => [name, new runtime.Tensor(type, data, shape)])));
  await session.release();
  return compare(cuts, layers, (name) => theirs[name]?.data ?? feeds.find((feed) => feed.name === name)?.data);
}

/** The same graph with the result of every node an output, bytes as the floats that they stand for: those name the bytes exactly. */
function withAllResults(graph: Graph): Graph {
  const outputs = new Map(graph.outputs);
  for (const { id, tensors, outputNames } of liveNodes(graph)) {
    for (const name of outputNames) outputs.set(`${id} ${name}`, tensors[name].quantization ? dequantize({ x: tensors[name] }) : tensors[name]);
  }
  graph.outputs.clear();
  for (const [name, value] of outputs) if (name !== "logits") graph.output(name, value);
  return graph;
}

/** Where the file has the value of an output of ours: behind the Identity, Transpose and DequantizeLinear that made an output of it. */
function cutOf(output: string, value: Value, numbers: Float32Array, makers: ReadonlyMap<string, OnnxNode>): Cut {
  const { node, shape } = value;
  let [name] = (makers.get(output) as OnnxNode).inputs;
  let order = shape.map((_, axis) => axis);
  const last = makers.get(name);
  if (last?.op === "Transpose" && node?.op.name !== "transpose") {
    const perm = last.attributes.get("perm") as readonly number[];
    order = order.map((axis) => perm.indexOf(axis));
    [name] = last.inputs;
  }
  const bytes = node?.op.name === "dequantize" ? node.tensors.x.quantization : undefined;
  if (!bytes) return { name, type: "float32", ...inFile(numbers, shape, order) };
  [name] = (makers.get(name) as OnnxNode).inputs;
  const { data, shape: there } = inFile(numbers, shape, order);
  return { name, type: "uint8", shape: there, data: Uint8Array.from(data, (number) => Math.round(number / bytes.scale) + bytes.zeroPoint) };
}

/** A tensor with its axes in another order. */
function inFile(data: Float32Array, shape: readonly number[], order: readonly number[]): { data: Float32Array; shape: readonly number[] } {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((size, next) => size * next, 1));
  const moved = new Float32Array(data.length);
  let to = 0;
  const copy = (axis: number, from: number) => {
    if (axis === order.length) moved[to++] = data[from];
    else for (let i = 0; i < shape[order[axis]]; i++) copy(axis + 1, from + i * strides[order[axis]]);
  };
  copy(0, 0);
  return { data: moved, shape: order.map((axis) => shape[axis]) };
}

const given = (name: string) => `${name} (ours)`;

/** All layers in one graph and none behind another: who reads a tensor that we have reads ours. */
function apart(model: OnnxModel, cuts: ReadonlyMap<string, Cut>): OnnxModel {
  const nodes = model.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => (cuts.has(name) ? given(name) : name)) }));
  const ours = [...cuts.values()].map(({ name, type, shape }) => ({ name: given(name), type, shape }));
  const outputs = [...cuts.values()].map(({ name, type, shape }) => ({ name, type, shape }));
  return subgraph({ ...model, nodes, inputs: [...model.inputs, ...ours], outputs });
}

/** The largest number that was seen, and where. */
class Largest {
  value = 0;
  where = "";

  see(value: number, where: string): void {
    if (value > this.value || Number.isNaN(value)) Object.assign(this, { value, where });
  }
}

function compare(cuts: ReadonlyMap<string, Cut>, { nodes, initializers }: OnnxModel, theirs: (name: string) => Elements | undefined): LayerReport {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  const scalar = (name: string) => initializers.get(name)?.decode().data[0] as number;
  const report = { bytes: 0, floats: 0, levels: new Largest(), share: new Largest(), beyondHalf: new Largest(), relative: new Largest() };
  for (const { name, type, data } of cuts.values()) {
    const found = theirs(name) as Elements;
    if (type === "float32") {
      report.floats++;
      report.relative.see(relativeError(found, data), name);
      continue;
    }
    report.bytes++;
    const off = Array.from(data, (byte, i) => Math.abs(byte - found[i]));
    report.levels.see(
      off.reduce((most, levels) => Math.max(most, levels)),
      name,
    );
    report.share.see(off.filter((levels) => levels > 0).length / off.length, name);
    const [rounded, low, high] = makers.get(name)?.inputs ?? [];
    const rounding = makers.get(rounded);
    if (rounding?.op !== "QuantizeLinear") continue; // a pool of bytes, which has nothing to round
    const [before, scale, zeroPoint] = rounding.inputs;
    const real = theirs(before);
    if (!real) continue;
    const [step, zero, least, most] = [scale, zeroPoint, low, high].map(scalar);
    data.forEach((byte, i) => report.beyondHalf.see(Math.abs(byte - Math.min(Math.max(real[i] / step + zero, least), most)) - 0.5, name));
  }
  return report;
}
