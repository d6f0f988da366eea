/** The ops that imported graphs brought: functions of elements and of pairs, extremes, positions and tables. */
import { constant, integers } from "../constant.js";
import type { AttributeValue } from "../read-model.js";
import { binary, composed, stretchable } from "./elementwise.js";
import { boolType, channelsFirst, floatType, type GraphWriter, inOrder, longType, outputsFirst, type WriteNode } from "./graph-writer.js";
import { reduced } from "./shapes.js";

const floats = (write: GraphWriter, name: string) => write.add("Cast", [name], { to: floatType });
const longs = (write: GraphWriter, name: string) => write.add("Cast", [name], { to: longType });
const truth = (write: GraphWriter, name: string) => write.add("Cast", [name], { to: boolType });

type Compose = Parameters<typeof composed>[0];
const one =
  (op: string): Compose =>
  (write, x) =>
    write.add(op, [x]);
/** An operator that answers yes or no. */
const asks =
  (op: string): Compose =>
  (write, x) =>
    floats(write, write.add(op, [x]));

/** The functions of `map`, with their parameters alpha and beta. */
const functions: Record<string, Compose> = {
  exp: one("Exp"),
  log: one("Log"),
  sqrt: one("Sqrt"),
  abs: one("Abs"),
  neg: one("Neg"),
  reciprocal: one("Reciprocal"),
  erf: one("Erf"),
  softplus: one("Softplus"),
  softsign: one("Softsign"),
  floor: one("Floor"),
  ceil: one("Ceil"),
  round: one("Round"),
  sign: one("Sign"),
  isNaN: asks("IsNaN"),
  isInf: asks("IsInf"),
  elu: (write, x, { alpha }) => write.add("Elu", [x], { alpha }),
  selu: (write, x, { alpha, beta }) => write.add("Selu", [x], { alpha, gamma: beta }),
  celu: (write, x, { alpha }) => write.add("Celu", [x], { alpha }),
  thresholdedRelu: (write, x, { alpha }) => write.add("ThresholdedRelu", [x], { alpha }),
  mish: (write, x) => write.add("Mul", [x, write.add("Tanh", [write.add("Softplus", [x])])]),
  swish: (write, x, { alpha }) => write.add("Mul", [x, write.add("Sigmoid", [alpha === 1 ? x : write.add("Mul", [x, write.scalar(alpha)])])]),
  geluTanh(write, x) {
    const cube = write.add("Mul", [write.add("Mul", [x, x]), x]);
    const inner = write.add("Add", [x, write.add("Mul", [cube, write.scalar(0.044715)])]);
    const tanh = write.add("Tanh", [write.add("Mul", [inner, write.scalar(Math.sqrt(2 / Math.PI))])]);
    return write.add("Mul", [write.add("Mul", [x, write.add("Add", [tanh, write.scalar(1)])]), write.scalar(0.5)]);
  },
  affine: (write, x, { alpha, beta }) => write.add("Add", [write.add("Mul", [x, write.scalar(alpha)]), write.scalar(beta)]),
  trunc: (write, x) => write.add("Mul", [write.add("Sign", [x]), write.add("Floor", [write.add("Abs", [x])])]),
  above: (write, x, { alpha }) => floats(write, write.add("Greater", [x, write.scalar(alpha)])),
  not: (write, x) => floats(write, write.add("Equal", [x, write.scalar(0)])),
};

const map: WriteNode = (write, node) => composed(functions[node.attributes.fn as string] ?? write.unsupported(`function ${node.attributes.fn}`))(write, node);

type Pair = (write: GraphWriter, a: string, b: string) => string;
const pair =
  (op: string, attributes: Record<string, AttributeValue> = {}): Pair =>
  (write, a, b) =>
    write.add(op, [a, b], attributes);
const compares =
  (op: string): Pair =>
  (write, a, b) =>
    floats(write, write.add(op, [a, b]));
const joins =
  (op: string): Pair =>
  (write, a, b) =>
    floats(write, write.add(op, [truth(write, a), truth(write, b)]));

/** The functions of `combine`. */
const pairs: Record<string, Pair> = {
  sub: pair("Sub"),
  div: pair("Div"),
  pow: pair("Pow"),
  min: pair("Min"),
  max: pair("Max"),
  prelu: pair("PRelu"),
  fmod: pair("Mod", { fmod: 1 }),
  mod: (write, a, b) => write.add("Sub", [a, write.add("Mul", [b, write.add("Floor", [write.add("Div", [a, b])])])]),
  equal: compares("Equal"),
  less: compares("Less"),
  lessOrEqual: compares("LessOrEqual"),
  greater: compares("Greater"),
  greaterOrEqual: compares("GreaterOrEqual"),
  and: joins("And"),
  or: joins("Or"),
  xor: joins("Xor"),
};

const combine: WriteNode = (write, node) => binary(pairs[node.attributes.fn as string] ?? write.unsupported(`function ${node.attributes.fn}`))(write, node);

const select: WriteNode = (write, { tensors: { condition, a, b, y } }) => {
  const order = inOrder(y.shape.length);
  write.result("Where", [truth(write, stretchable(write, condition, order)), stretchable(write, a, order), stretchable(write, b, order)], {}, order);
};

const reduce: WriteNode = (write, node) => {
  const { name, axes, keepdims, order } = reduced(write, node);
  const op = { max: "ReduceMax", min: "ReduceMin", prod: "ReduceProd" }[node.attributes.fn as string] as string;
  if (axes.length === 0) write.set(write.output, { name, order });
  else write.result(op, [name], { axes, keepdims }, order);
};

const argMax: WriteNode = (write, node) => {
  const { axis, keepDims, last, smallest } = node.attributes;
  const { name, axes, keepdims, order } = reduced(write, { ...node, attributes: { axes: [axis as number], keepDims } });
  const place = write.add(smallest ? "ArgMin" : "ArgMax", [name], { axis: axes[0], keepdims, select_last_index: Number(last) });
  write.set(write.output, { name: floats(write, place), order });
};

const topK: WriteNode = (write, { tensors: { x, values, indices }, attributes }) => {
  const { name, order } = write.get(x);
  const axis = (attributes.axis as number) < 0 ? (attributes.axis as number) + order.length : (attributes.axis as number);
  const given = { axis: order.indexOf(axis), largest: Number(!attributes.smallest) };
  const [top, places] = write.addPair("TopK", [name, write.literal(integers([attributes.k as number]))], given);
  write.set(values, { name: top, order });
  write.set(indices, { name: floats(write, places), order });
};

const gather: WriteNode = (write, { tensors: { x, indices, y }, attributes }) => {
  const axis = (attributes.axis as number) < 0 ? (attributes.axis as number) + x.shape.length : (attributes.axis as number);
  write.result("Gather", [write.name(x), longs(write, write.name(indices))], { axis }, inOrder(y.shape.length));
};

const gatherNd: WriteNode = (write, { tensors: { x, indices, y }, attributes }) =>
  write.result("GatherND", [write.name(x), longs(write, write.name(indices))], { batch_dims: attributes.batchDims as number }, inOrder(y.shape.length));

const scatterNd: WriteNode = (write, { tensors: { x, indices, updates }, attributes }) => {
  if (attributes.batchDims !== 0) write.unsupported("batchDims have no counterpart");
  const reduction = attributes.reduction as string;
  if (reduction === "max" || reduction === "min") write.unsupported(`reduction ${reduction} needs opset 18`);
  const inputs = [write.name(x), longs(write, write.name(indices)), write.name(updates)];
  write.result("ScatterND", inputs, { reduction }, inOrder(x.shape.length));
};

const expand: WriteNode = (write, { tensors: { x, y } }) => write.result("Expand", [write.name(x), write.shapeOf(y)], {}, inOrder(y.shape.length));

const tile: WriteNode = (write, { tensors: { x }, attributes }) =>
  write.result("Tile", [write.name(x), write.literal(integers(attributes.repeats as readonly number[]))], {}, inOrder(x.shape.length));

/** A table of weights as the matrix that it stands for: y = x table along one axis. */
const weightedSum: WriteNode = (write, { tensors: { x, table }, attributes }) => {
  const { axis, size } = attributes as Record<string, number>;
  const length = x.shape[axis];
  const values = table.initializer?.kind === "values" ? table.initializer.values : write.unsupported("its table is not known");
  const matrix = new Float32Array(length * size);
  for (let row = 0; row < size; row++) {
    for (let tap = values[row]; tap < values[row + 1]; tap++) matrix[values[size + 1 + 2 * tap] * size + row] += values[size + 2 + 2 * tap];
  }
  const order = [...inOrder(x.shape.length).filter((each) => each !== axis), axis];
  write.result("MatMul", [write.name(x, order), write.literal(constant("float32", [length, size], matrix))], {}, order);
};

const convTranspose2d: WriteNode = (write, { tensors: { x, weight, bias }, attributes }) => {
  const { stride, padding, dilation, outputPadding, groups } = attributes as Record<string, never> & Record<string, readonly number[]>;
  const inputs = [write.name(x, channelsFirst), write.name(weight, outputsFirst), ...(bias ? [write.name(bias)] : [])];
  const pads = [padding[0], padding[2], padding[1], padding[3]];
  const given = { kernel_shape: weight.shape.slice(0, 2), strides: stride, pads, dilations: dilation, output_padding: outputPadding, group: groups };
  write.result("ConvTranspose", inputs, given, channelsFirst);
};

const logSoftmax: WriteNode = (write, { tensors: { x } }) => {
  const { name, order } = write.get(x);
  write.result("LogSoftmax", [name], { axis: order.indexOf(x.shape.length - 1) }, order);
};

export const general: Record<string, WriteNode> = {
  map,
  combine,
  select,
  reduce,
  argMax,
  topK,
  gather,
  gatherNd,
  scatterNd,
  expand,
  tile,
  weightedSum,
  convTranspose2d,
  logSoftmax,
};
