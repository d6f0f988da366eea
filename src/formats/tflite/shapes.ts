/** TFLite's operators that move numbers, reduce axes or say sizes. */
import { mirrorPad, pack, pad, reverse, slice, stridedSlice, unpack } from "../tensorflow/arrange.js";
import type { Convert, OperatorCall } from "./operator.js";
import { TensorType } from "./schema.js";

const axisAt = (call: OperatorCall, i: number) => call.wholes(i)[0] ?? call.draft.fail(`input ${i} of ${call.where} is empty`);

/** ReduceSum takes its axes as an input in opset 17, the others as an attribute. */
const reduction =
  (op: string): Convert =>
  (call) => {
    const { draft } = call;
    const [axes, keepdims] = [call.wholes(1), +call.flag(0)];
    return op === "ReduceSum" ? draft.add(op, [call.input(0), draft.ints(axes)], { keepdims }) : draft.add(op, [call.input(0)], { axes, keepdims });
  };

const extreme =
  (op: "ArgMax" | "ArgMin"): Convert =>
  (call) =>
    call.draft.add(op, [call.input(0)], { axis: axisAt(call, 1), keepdims: 0 });

/** ONNX's codes of the types that a CAST may give here. */
const castTypes = new Map<number, number>([
  [TensorType.float32, 1],
  [TensorType.float16, 1],
  [TensorType.int32, 7],
  [TensorType.int64, 7],
  [TensorType.uint8, 7],
  [TensorType.int8, 7],
  [TensorType.bool, 9],
]);

/** A file is made for one image; where the first axis stays the batch, any number may pass. */
const reshape: Convert = (call) => {
  const { draft } = call;
  const from = call.shape(0);
  const given = call.inputs[1];
  if (given !== undefined && !draft.stored(given)) return draft.add("Reshape", [call.input(0), given]);
  const sizes = given === undefined ? call.ints(0) : call.wholes(1);
  const keepsBatch = from.length > 0 && from[0] === 1 && sizes.length > 0 && sizes[0] === 1;
  return draft.add("Reshape", [call.input(0), draft.ints(keepsBatch ? [0, ...sizes.slice(1)] : sizes)]);
};

export const shapeOperators: Readonly<Record<string, Convert>> = {
  RESHAPE: reshape,
  SQUEEZE(call) {
    const axes = call.ints(0);
    return call.draft.add("Squeeze", axes.length > 0 ? [call.input(0), call.draft.ints(axes)] : [call.input(0)]);
  },
  EXPAND_DIMS: (call) => call.draft.add("Unsqueeze", [call.input(0), call.draft.ints([axisAt(call, 1)])]),
  TRANSPOSE: (call) => call.draft.transpose(call.input(0), call.wholes(1)),
  TILE: (call) => call.draft.add("Tile", [call.input(0), call.input(1)]),
  BROADCAST_TO: (call) => call.draft.add("Expand", [call.input(0), call.input(1)]),

  MEAN: reduction("ReduceMean"),
  SUM: reduction("ReduceSum"),
  REDUCE_MAX: reduction("ReduceMax"),
  REDUCE_MIN: reduction("ReduceMin"),
  REDUCE_PROD: reduction("ReduceProd"),
  ARG_MAX: extreme("ArgMax"),
  ARG_MIN: extreme("ArgMin"),
  TOPK_V2: (call) => call.draft.addAll("TopK", [call.input(0), call.draft.ints([axisAt(call, 1)])], 2, { axis: -1 }),

  CONCATENATION: (call) => call.activated(call.draft.add("Concat", call.all(), { axis: call.int(0) }), 1),
  PACK: (call) => pack(call.draft, call.all(), call.int(1)),
  UNPACK: (call) => unpack(call.draft, call.input(0), call.int(0), call.int(1)),
  SPLIT: (call) => call.draft.addAll("Split", [call.input(1)], call.outputs, { axis: axisAt(call, 0) }),
  SPLIT_V(call) {
    const axis = axisAt(call, 2);
    const sizes = Array.from({ length: call.outputs }, (_, i) => call.outputShape(i).at(axis) ?? call.draft.fail(`${call.where} has no axis ${axis}`));
    return call.draft.addAll("Split", [call.input(0), call.draft.ints(sizes)], call.outputs, { axis });
  },

  /** What reaches over all of the batch takes all of it. */
  SLICE(call) {
    const [begin, size] = [call.wholes(1), call.wholes(2)];
    const all = begin[0] === 0 && size[0] === call.shape(0)[0];
    return slice(call.draft, call.input(0), begin, all ? [-1, ...size.slice(1)] : size);
  },
  STRIDED_SLICE(call) {
    if (call.flag(5)) call.draft.unsupported(`${call.where} whose ends are offsets`);
    const [begin, end, strides] = [1, 2, 3].map((i) => call.wholes(i));
    const all = begin[0] === 0 && end[0] === call.shape(0)[0] && strides[0] === 1;
    const masks = { begin: call.int(0), end: call.int(1) | +all, ellipsis: call.int(2), newAxis: call.int(3), shrink: call.int(4) };
    return stridedSlice(call.draft, call.input(0), { begin, end, strides }, masks);
  },
  REVERSE_V2: (call) => reverse(call.draft, call.input(0), call.wholes(1)),
  GATHER(call) {
    if (call.int(1) !== 0) call.draft.unsupported(`batches of ${call.where}`);
    return call.draft.add("Gather", [call.input(0), call.input(1)], { axis: call.int(0) });
  },
  GATHER_ND: (call) => call.draft.add("GatherND", [call.input(0), call.input(1)]),
  PAD: (call) => pad(call.draft, call.input(0), call.wholes(1)),
  PADV2: (call) => pad(call.draft, call.input(0), call.wholes(1), { value: call.input(2) }),
  MIRROR_PAD: (call) => mirrorPad(call.draft, call.input(0), call.wholes(1), call.byte(0) === 0 ? "REFLECT" : "SYMMETRIC", call.where),

  SHAPE: (call) => call.draft.add("Shape", [call.input(0)]),
  RANK: (call) => call.draft.add("Size", [call.draft.add("Shape", [call.input(0)])]),
  FILL: (call) => call.draft.add("Expand", [call.input(1), call.input(0)]),
  RANGE: (call) => call.draft.add("Range", call.all()),
  ZEROS_LIKE: (call) => call.draft.add("Expand", [call.draft.scalar(0), call.draft.add("Shape", [call.input(0)])]),
  CAST(call) {
    const to = castTypes.get(call.byte(1)) ?? call.draft.unsupported(`${call.where} to type ${call.byte(1)}`);
    return call.draft.add("Cast", [call.input(0)], { to });
  },
};
