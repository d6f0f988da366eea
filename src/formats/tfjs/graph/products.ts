/** Convolutions, products, norms, pools and resizes of TensorFlow graphs. */
import { activate } from "../../tensorflow/activation.js";
import {
  batchNormalization,
  conv2d,
  convTranspose2d,
  convWeight,
  depthwiseWeight,
  moveBlocks,
  onImages,
  pool2d,
  resize2d,
} from "../../tensorflow/convolution.js";
import type { Ref } from "../../tensorflow/draft.js";
import { reshaped } from "../../tensorflow/stored.js";
import type { Convert, NodeCall } from "./node.js";

/** The bias of a fused node, and what it does to its result afterwards. */
function fused(call: NodeCall): { bias: Ref | undefined; then: (y: Ref) => Ref } {
  const { draft, where } = call;
  const [first, second, ...more] = call.texts("fused_ops");
  if (first === undefined) return { bias: undefined, then: (y) => y };
  if (first !== "BiasAdd" || more.length > 0) draft.unsupported(`fused ${[first, second, ...more]} of ${where}`);
  const then = (y: Ref): Ref => {
    if (second === undefined) return y;
    if (second === "Prelu") return draft.add("PRelu", [y, call.input(3)]);
    if (second === "LeakyRelu") return draft.add("LeakyRelu", [y], { alpha: call.float("leakyrelu_alpha", 0.2) });
    return activate(draft, second.toLowerCase(), y, where);
  };
  return { bias: call.input(2), then };
}

const convolution: Convert = (call) => {
  const { bias, then } = fused(call);
  const [x, filter] = [call.input(0), call.input(1)];
  const isDepthwise = call.node.op.toLowerCase().includes("depthwise");
  const { weight, groups } = isDepthwise ? depthwiseWeight(call.draft, filter) : { weight: convWeight(call.draft, filter), groups: 1 };
  return call.dilations.follow([x], then(conv2d(call.draft, x, weight, bias, { ...call.window(), groups }, call.node.name)));
};

const product: Convert = (call) => {
  const { bias, then } = fused(call);
  const [transA, transB] = ["transpose_a", "transpose_b"].map((name) => +call.flag(name));
  const inputs = [call.input(0), call.input(1), ...(bias ? [bias] : [])];
  return then(call.draft.add("Gemm", inputs, { transA, transB }, call.node.name));
};

/** The last two axes of an operand exchanged. */
function adjoined(call: NodeCall, i: number, flag: string): Ref {
  if (!call.flag(flag)) return call.input(i);
  const { draft, where } = call;
  const rank = draft.stored(call.input(i))?.shape.length ?? draft.unsupported(`"${flag}" of ${where} on a tensor of unknown rank`);
  if (rank < 2) draft.fail(`${where} reads a tensor of ${rank} axes`);
  const order = Array.from({ length: rank }, (_, axis) => axis);
  return draft.transpose(call.input(i), [...order.slice(0, -2), rank - 1, rank - 2]);
}

const batchProduct: Convert = (call) => call.draft.add("MatMul", [adjoined(call, 0, "adj_x"), adjoined(call, 1, "adj_y")], {}, call.node.name);

const norm: Convert = (call) => {
  if (call.flag("is_training")) call.draft.unsupported(`${call.where} in training mode`);
  const [scale, offset, mean, variance] = [1, 2, 3, 4].map((i) => call.input(i));
  return batchNormalization(
    call.draft,
    call.input(0),
    { scale, offset, mean, variance },
    { epsilon: call.float("epsilon", 1e-4), channelsFirst: call.channelsFirst },
  );
};

const pool =
  (kind: "AveragePool" | "MaxPool"): Convert =>
  (call) =>
    pool2d(call.draft, kind, call.input(0), call.spatial("ksize"), call.window());

const resize =
  (mode: "linear" | "nearest"): Convert =>
  (call) =>
    resize2d(
      call.draft,
      call.input(0),
      { size: call.input(1) },
      { mode, alignCorners: call.flag("align_corners"), halfPixelCenters: call.flag("half_pixel_centers") },
    );

export const products: Readonly<Record<string, Convert>> = {
  Conv2D: convolution,
  _FusedConv2D: convolution,
  DepthwiseConv2dNative: convolution,
  FusedDepthwiseConv2dNative: convolution,
  Conv2DBackpropInput(call) {
    const { draft } = call;
    const sizes = draft.stored(call.input(0)) ? call.wholes(0) : undefined;
    const outputSize = sizes && (call.channelsFirst ? sizes.slice(2) : sizes.slice(1, 3));
    const window = { strides: call.spatial("strides"), dilations: call.spatial("dilations"), padding: call.text("padding"), channelsFirst: call.channelsFirst };
    const { padding } = window;
    if (padding !== "SAME" && padding !== "VALID") return draft.unsupported(`padding "${padding}" of ${call.where}`);
    return convTranspose2d(draft, call.input(2), convWeight(draft, call.input(1)), undefined, { ...window, padding, outputSize }, call.node.name);
  },
  MatMul: product,
  _FusedMatMul: product,
  BatchMatMul: batchProduct,
  BatchMatMulV2: batchProduct,
  BiasAdd(call) {
    const [x, bias] = [call.input(0), call.input(1)];
    const wide = call.channelsFirst ? call.draft.derived(bias, "[C,1,1]", (tensor) => reshaped(tensor, [...tensor.shape, 1, 1])) : bias;
    return call.dilations.follow([x], call.draft.add("Add", [x, wide]));
  },
  FusedBatchNorm: norm,
  FusedBatchNormV2: norm,
  FusedBatchNormV3: norm,
  AvgPool: pool("AveragePool"),
  MaxPool: pool("MaxPool"),
  ResizeBilinear: resize("linear"),
  ResizeNearestNeighbor: resize("nearest"),
  DepthToSpace: (call) => moveBlocks(call.draft, "DepthToSpace", call.input(0), call.int("block_size"), call.channelsFirst),
  SpaceToDepth: (call) => moveBlocks(call.draft, "SpaceToDepth", call.input(0), call.int("block_size"), call.channelsFirst),
  SpaceToBatchND: (call) => call.dilations.begin(call.input(0), call.wholes(1), call.wholes(2), call.where),
  BatchToSpaceND: (call) => call.dilations.end(call.input(0), call.wholes(1), call.wholes(2), call.where),
  LeakyRelu: (call) => call.dilations.follow(call.inputs, call.draft.add("LeakyRelu", [call.input(0)], { alpha: call.float("alpha", 0.2) })),
  /** ONNX divides alpha by the number of channels that are summed. */
  LRN(call) {
    const size = 2 * call.int("depth_radius", 5) + 1;
    const attributes = { size, bias: call.float("bias", 1), alpha: call.float("alpha", 1) * size, beta: call.float("beta", 0.5) };
    return onImages(call.draft, call.input(0), false, (x) => call.draft.add("LRN", [x], attributes));
  },
};
