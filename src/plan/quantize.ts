import type { Quantization } from "../core/dtype.js";
import { sameShape } from "../core/shape.js";
import { Graph, type Node, type Value } from "../graph/graph.js";
import { add } from "../ops/add.js";
import { clip } from "../ops/clip.js";
import { conv2d } from "../ops/conv2d.js";
import { dense } from "../ops/dense.js";
import { depthwiseConv2d } from "../ops/depthwise.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { maxPool } from "../ops/max-pool.js";
import { dequantize, quantize } from "../ops/quantize.js";
import { quantizedAdd } from "../ops/quantized-add.js";
import { quantizedConv2d } from "../ops/quantized-conv2d.js";
import { quantizedDense } from "../ops/quantized-dense.js";
import { quantizedDepthwise } from "../ops/quantized-depthwise.js";
import { relu } from "../ops/relu.js";
import { reshape } from "../ops/reshape.js";
import { is, liveNodes } from "./passes.js";

/** A layer with weights that becomes a quantised one. */
export interface QuantizedLayer {
  /** Of its tensors in the quantised graph. */
  readonly names: { readonly weight: string; readonly scale: string; readonly bias: string };
  /** Of the float graph. */
  readonly node: Node;
  /** The bytes that it takes. */
  readonly input: Quantization;
}

export interface QuantizeRules {
  /** The quantisation of an activation: `<layer>.output`, or `<layer>.input` and `<layer>.residual` where floats become bytes for it. */
  activation(name: string, value: Value): Quantization;
  /** Told of each layer once. */
  layer?(layer: QuantizedLayer): void;
}

const quantizedForm = new Map<unknown, typeof quantizedConv2d | typeof quantizedDepthwise | typeof quantizedDense>([
  [conv2d, quantizedConv2d],
  [depthwiseConv2d, quantizedDepthwise],
  [dense, quantizedDense],
]);
/** Ops that take bytes and give bytes of the same quantisation. */
const passing = new Set<unknown>([maxPool, reshape]);

/**
 * A fused inference graph with its convolutions and dense layers on bytes: weights int8 with a scale for each output channel
 * (`<layer>.weight`, `<layer>.weight_scale`, `<layer>.bias`). Activations stay bytes from layer to layer, through max and average
 * pools and residual additions, which go into the store of the layer before. All else runs on floats in between.
 */
export function quantizeGraph(source: Graph, rules: QuantizeRules): Graph {
  const result = new Graph();
  const users = usersOf(source);
  const outputs = new Set(source.outputs.values());
  const floats = new Map<Value, Value>();
  const bytes = new Map<Value, Value>();

  for (const [name, value] of source.outputs) result.output(name, asFloats(value));
  return result;

  function asFloats(value: Value): Value {
    return remembered(floats, value, () => {
      const { node, kind, name, shape, dtype } = value;
      if (kind === "input") return result.input(name, shape, dtype);
      if (!node) return result.keep(kind as "parameter", name, shape, value);
      if (isNative(value) && (bytes.has(value) || wantsBytes(value))) return dequantize({ x: asBytes(value) });
      if (isLayer(node)) return layer(node, { scale: 0, zeroPoint: 0 });
      const made = is(node, globalAveragePool) && isNative(node.tensors.x) ? asBytes : asFloats;
      const inputs = Object.fromEntries(node.inputNames.map((input) => [input, made(node.tensors[input])]));
      result.scope = node.scope;
      const results = result.addNode(node.op, inputs, node.attributes);
      for (const output of node.outputNames) floats.set(node.tensors[output], results[output]);
      return floats.get(value) as Value;
    });
  }

  /** `asker`: what the quantisation is called where floats have to be turned into bytes. */
  function asBytes(value: Value, asker = ""): Value {
    return remembered(bytes, value, () => {
      const { node } = value;
      if (node && isLayer(node)) return layer(node, rules.activation(`${nameOf(node)}.output`, value));
      if (node && passing.has(node.op) && isNative(value)) {
        const x = asBytes(node.tensors.x);
        result.scope = node.scope;
        return result.addNode(node.op, { x }, node.attributes).y;
      }
      const sum = addition(value);
      if (sum && isNative(value)) return added(value, sum);
      const x = asFloats(value);
      return quantize({ x }, { ...rules.activation(asker, value) });
    });
  }

  /** The layer of a float node, its result quantised so, or floats where the scale is 0. */
  function layer(node: Node, quantization: Quantization, bounds: object = {}, residual?: Value): Value {
    const name = nameOf(node);
    const x = asBytes(node.tensors.x, `${name}.input`);
    const { name: weightName, shape, file } = rootOf(node.tensors.weight);
    const names = { weight: weightName, scale: `${weightName}_scale`, bias: biasOf(weightName) };
    rules.layer?.({ names, node, input: x.quantization as Quantization });
    const channels = [shape[shape.length - 1]];
    const weight = result.keep("parameter", names.weight, shape, { file, dtype: "int8", trainable: false });
    const weightScale = result.keep("parameter", names.scale, channels, { trainable: false });
    const bias = result.keep("parameter", names.bias, channels, { trainable: false });
    const { groups, ...attributes } = node.attributes;
    result.scope = node.scope;
    const form = quantizedForm.get(node.op) as typeof quantizedConv2d;
    return form({ x, weight, weightScale, bias, residual }, { ...attributes, ...bounds, ...quantization });
  }

  /** a + b in the store of the later layer that nothing else reads, else in a sweep of its own. */
  function added(value: Value, { node, bounds }: Addition): Value {
    const { a, b } = node.tensors;
    const [host] = [a, b]
      .filter((operand) => operand.node && isLayer(operand.node) && isPlain(operand.node) && users.get(operand)?.length === 1 && !outputs.has(operand))
      .sort((p, q) => q.id - p.id);
    if (host) {
      const name = nameOf(host.node as Node);
      const residual = asBytes(host === a ? b : a, `${name}.residual`);
      return layer(host.node as Node, rules.activation(`${name}.output`, value), bounds, residual);
    }
    const name = layerBefore(value);
    const operands = { a: asBytes(a, `${name}.first`), b: asBytes(b, `${name}.second`) };
    result.scope = node.scope;
    return quantizedAdd(operands, { ...bounds, ...rules.activation(`${name}.sum`, value) });
  }

  /** Whether a value is best made as bytes from the start. */
  function isNative(value: Value): boolean {
    const { node } = value;
    if (!node) return false;
    if (isLayer(node)) return true;
    if (passing.has(node.op)) return isNative(node.tensors.x);
    const sum = addition(value);
    return sum !== undefined && [sum.node.tensors.a, sum.node.tensors.b].some(isNative);
  }

  /** Whether something that reads a value takes bytes. */
  function wantsBytes(value: Value): boolean {
    return (users.get(value) ?? []).some((user) => {
      if (isLayer(user) || is(user, globalAveragePool)) return true;
      const [output] = user.outputNames.map((name) => user.tensors[name]);
      return (passing.has(user.op) || addition(output)?.node === user || addition(user.tensors.y)?.node.tensors.y === value) && wantsBytes(output);
    });
  }

  /** The addition that a value is, with the ReLU or clip after it where nothing reads the sum itself. */
  function addition(value: Value): Addition | undefined {
    const { node } = value;
    if (!node) return undefined;
    if (is(node, relu) || is(node, clip)) {
      const sum = node.tensors.x;
      const alone = users.get(sum)?.length === 1 && !outputs.has(sum);
      const bounds = is(node, relu) ? { low: 0 } : { low: node.attributes.low as number, high: node.attributes.high as number };
      return alone && sum.node && isSum(sum.node) ? { node: sum.node, bounds } : undefined;
    }
    return isSum(node) ? { node, bounds: {} } : undefined;
  }
}

interface Addition {
  readonly node: Node;
  readonly bounds: { readonly low?: number; readonly high?: number };
}

function remembered(known: Map<Value, Value>, value: Value, make: () => Value): Value {
  const made = known.get(value) ?? make();
  known.set(value, made);
  return made;
}

const isSum = (node: Node) => is(node, add) && sameShape(node.tensors.a.shape, node.tensors.b.shape);

/** A product with weights of its own that a quantised kernel takes. */
function isLayer({ op, tensors, attributes }: Node): boolean {
  return quantizedForm.has(op) && (attributes.groups ?? 1) === 1 && rootOf(tensors.weight).kind === "parameter";
}

/** A layer whose result is not bounded yet, and can take a residual. */
const isPlain = (node: Node) => is(node, conv2d) && node.attributes.low === -Infinity && node.attributes.high === Infinity;

/** The kept tensor that a weight is, before a norm was folded into it. */
function rootOf(weight: Value): Value {
  return weight.node?.tensors.a ? rootOf(weight.node.tensors.a) : weight;
}

/** `layer1.0.conv1.bias` of `layer1.0.conv1.weight`, and another name where a file of another program calls its weights otherwise. */
const biasOf = (weight: string) => (weight.endsWith("weight") ? weight.replace(/weight$/, "bias") : `${weight}_bias`);

/** `layer1.0.conv1` of `layer1.0.conv1.weight`. */
const nameOf = (node: Node) => rootOf(node.tensors.weight).name.replace(/\.?weight$/, "");

/** Name of a layer on the way to a value. */
function layerBefore({ node }: Value): string {
  if (!node) return "input";
  return isLayer(node) ? nameOf(node) : layerBefore(node.tensors[node.inputNames[0]]);
}

function usersOf(graph: Graph): Map<Value, Node[]> {
  const users = new Map<Value, Node[]>();
  for (const node of liveNodes(graph)) for (const name of node.inputNames) users.set(node.tensors[name], [...(users.get(node.tensors[name]) ?? []), node]);
  return users;
}
