/** TFLite's convolutions, products, pools and other operators on images. */
import { activate, geluTanh } from "../tensorflow/activation.js";
import { conv2d, convTranspose2d, moveBlocks, onImages, pool2d, resize2d } from "../tensorflow/convolution.js";
import type { Ref } from "../tensorflow/draft.js";
import type { Convert, OperatorCall } from "./operator.js";

const pool =
  (kind: "AveragePool" | "MaxPool"): Convert =>
  (call) =>
    call.activated(pool2d(call.draft, kind, call.input(0), [call.int(4), call.int(3)], call.window()), 5);

const resize =
  (mode: "linear" | "nearest", first: number): Convert =>
  (call) =>
    resize2d(call.draft, call.input(0), { size: call.input(1) }, { mode, alignCorners: call.flag(first), halfPixelCenters: call.flag(first + 1) });

/** Channels of an image that a convolution reads. */
function channelsOf(call: OperatorCall): number {
  const shape = call.shape(0);
  return shape.length === 4 ? shape[3] : call.draft.fail(`${call.where} expects an input of 4 axes, got [${shape}]`);
}

/** A constant of 4 axes with its axes in ONNX's order. */
function filter(call: OperatorCall, i: number, order: readonly number[]): Ref {
  if (call.shape(i).length !== 4) call.draft.fail(`${call.where} expects a filter of 4 axes, got [${call.shape(i)}]`);
  return call.draft.transpose(call.input(i), order);
}

/** x W^T + b, with x as rows of as many elements as W's. */
const fullyConnected: Convert = (call) => {
  const { draft } = call;
  if (call.byte(1) !== 0) draft.unsupported(`${call.where} with shuffled weights`);
  const [x, weight, bias] = [call.input(0), call.input(1), call.inputs[2]];
  const shape = call.shape(0);
  const [, width] = call.shape(1);
  const keepsAxes = call.flag(2) && shape.length !== 2;
  if (keepsAxes) {
    const product = draft.add("MatMul", [x, draft.transpose(weight, [1, 0])]);
    return call.activated(bias ? draft.add("Add", [product, bias]) : product, 0);
  }
  const isFlat = shape.length === 2 && shape[1] === width;
  const rest = shape.slice(1).reduce((a, b) => a * b, 1);
  const rows = isFlat ? x : rest === width && shape.length > 1 ? draft.add("Flatten", [x], { axis: 1 }) : draft.add("Reshape", [x, draft.ints([-1, width])]);
  return call.activated(draft.add("Gemm", bias ? [rows, weight, bias] : [rows, weight], { transB: 1 }), 0);
};

/** The last two axes of an operand exchanged. */
function adjoined(call: OperatorCall, i: number): Ref {
  if (!call.flag(i)) return call.input(i);
  const rank = call.shape(i).length;
  if (rank < 2) call.draft.fail(`${call.where} reads a tensor of ${rank} axes`);
  return call.draft.transpose(call.input(i), [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

export const products: Readonly<Record<string, Convert>> = {
  CONV_2D(call) {
    const weight = filter(call, 1, [0, 3, 1, 2]);
    const groups = Math.max(1, Math.floor(channelsOf(call) / Math.max(1, call.shape(1)[3])));
    const y = conv2d(call.draft, call.input(0), weight, call.inputs[2], { ...call.window(4), groups });
    return call.dilations.follow([call.input(0)], call.activated(y, 3));
  },
  /** The filter is [1, kh, kw, out]. */
  DEPTHWISE_CONV_2D(call) {
    const window = { ...call.window(5), groups: channelsOf(call) };
    const y = conv2d(call.draft, call.input(0), filter(call, 1, [3, 0, 1, 2]), call.inputs[2], window);
    return call.dilations.follow([call.input(0)], call.activated(y, 4));
  },
  /** Reads the output's shape, the filter [out, kh, kw, in], x and maybe a bias. */
  TRANSPOSE_CONV(call) {
    const { draft } = call;
    const sizes = draft.stored(call.input(0)) ? call.wholes(0).slice(1, 3) : undefined;
    const window = { ...call.window(), outputSize: sizes };
    return call.activated(convTranspose2d(draft, call.input(2), filter(call, 1, [3, 0, 1, 2]), call.inputs[3], window), 3);
  },
  FULLY_CONNECTED: fullyConnected,
  BATCH_MATMUL: (call) => call.draft.add("MatMul", [adjoined(call, 0), adjoined(call, 1)]),
  AVERAGE_POOL_2D: pool("AveragePool"),
  MAX_POOL_2D: pool("MaxPool"),
  RESIZE_BILINEAR: resize("linear", 2),
  RESIZE_NEAREST_NEIGHBOR: resize("nearest", 0),
  DEPTH_TO_SPACE: (call) => moveBlocks(call.draft, "DepthToSpace", call.input(0), call.int(0)),
  SPACE_TO_DEPTH: (call) => moveBlocks(call.draft, "SpaceToDepth", call.input(0), call.int(0)),
  SPACE_TO_BATCH_ND: (call) => call.dilations.begin(call.input(0), call.wholes(1), call.wholes(2), call.where),
  BATCH_TO_SPACE_ND: (call) => call.dilations.end(call.input(0), call.wholes(1), call.wholes(2), call.where),

  /** x / max(sqrt(sum of x^2), 1e-6) over the last axis. */
  L2_NORMALIZATION(call) {
    const { draft } = call;
    const x = call.input(0);
    const length = draft.add("ReduceL2", [x], { axes: [-1], keepdims: 1 });
    return draft.add("Div", [x, draft.add("Max", [length, draft.scalar(1e-6)])]);
  },
  /** ONNX divides alpha by the number of channels that are summed. */
  LOCAL_RESPONSE_NORMALIZATION(call) {
    const size = 2 * call.int(0) + 1;
    const attributes = { size, bias: call.float(1), alpha: call.float(2) * size, beta: call.float(3) };
    return onImages(call.draft, call.input(0), false, (x) => call.draft.add("LRN", [x], attributes));
  },
  SOFTMAX(call) {
    const { draft } = call;
    const beta = call.float(0);
    return draft.add("Softmax", [beta === 1 ? call.input(0) : draft.add("Mul", [call.input(0), draft.scalar(beta)])], { axis: -1 });
  },
  LEAKY_RELU: (call) => call.dilations.follow([call.input(0)], call.draft.add("LeakyRelu", [call.input(0)], { alpha: call.float(0) })),
  GELU: (call) => (call.flag(0) ? geluTanh(call.draft, call.input(0)) : activate(call.draft, "gelu", call.input(0), call.where)),
};
