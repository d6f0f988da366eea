/** Operators of TensorFlow graphs that move numbers, reduce axes or say sizes. */
import { mirrorPad, pack, pad, reverse, slice, stridedSlice, unpack } from "../../tensorflow/arrange.js";
import type { Convert, NodeCall } from "./node.js";

/** A constant input that is one whole number. */
const axisAt = (call: NodeCall, i: number) => call.wholes(i)[0] ?? call.draft.fail(`input ${i} of ${call.where} is empty`);

/** ReduceSum takes its axes as an input in opset 17, the others as an attribute. */
const reduction =
  (op: string): Convert =>
  (call) => {
    const { draft } = call;
    const keepdims = +(call.flag("keep_dims") || call.flag("keepDims"));
    if (op === "ReduceSum") return draft.add(op, [call.input(0), draft.ints(call.wholes(1))], { keepdims });
    return draft.add(op, [call.input(0)], { axes: call.wholes(1), keepdims });
  };

const extreme =
  (op: "ArgMax" | "ArgMin"): Convert =>
  (call) =>
    call.draft.add(op, [call.input(0)], { axis: call.inputs.length > 1 ? axisAt(call, 1) : 0, keepdims: 0 });

/** ONNX's codes of the types that a Cast may give here. */
const castTypes = new Map([
  ["DT_FLOAT", 1],
  ["DT_HALF", 1],
  ["DT_INT32", 7],
  ["DT_INT64", 7],
  ["DT_UINT8", 7],
  ["DT_BOOL", 9],
]);

/** A tensor of x's shape with one value. */
const filledLike =
  (value: number): Convert =>
  ({ draft, inputs: [x] }) =>
    draft.add("Expand", [draft.scalar(value), draft.add("Shape", [x])]);

export const shapeOperators: Readonly<Record<string, Convert>> = {
  Mean: reduction("ReduceMean"),
  Sum: reduction("ReduceSum"),
  Max: reduction("ReduceMax"),
  Min: reduction("ReduceMin"),
  Prod: reduction("ReduceProd"),
  EuclideanNorm: reduction("ReduceL2"),
  ArgMax: extreme("ArgMax"),
  ArgMin: extreme("ArgMin"),
  TopKV2: (call) => call.draft.addAll("TopK", [call.input(0), call.draft.ints([axisAt(call, 1)])], 2, { axis: -1 }),

  Reshape: (call) => call.draft.add("Reshape", [call.input(0), call.input(1)]),
  Squeeze(call) {
    const axes = [...call.ints("squeeze_dims"), ...call.ints("axis")];
    return call.draft.add("Squeeze", axes.length > 0 ? [call.input(0), call.draft.ints(axes)] : [call.input(0)]);
  },
  ExpandDims: (call) => call.draft.add("Unsqueeze", [call.input(0), call.draft.ints([axisAt(call, 1)])]),
  Transpose: (call) => call.draft.transpose(call.input(0), call.wholes(1)),
  BroadcastTo: (call) => call.draft.add("Expand", [call.input(0), call.input(1)]),
  Tile: (call) => call.draft.add("Tile", [call.input(0), call.input(1)]),

  ConcatV2: (call) => call.draft.add("Concat", call.inputs.slice(0, -1), { axis: axisAt(call, call.inputs.length - 1) }),
  Concat: (call) => call.draft.add("Concat", call.inputs.slice(1), { axis: axisAt(call, 0) }),
  Split: (call) => call.draft.addAll("Split", [call.input(1)], call.int("num_split", 1), { axis: axisAt(call, 0) }),
  SplitV(call) {
    const sizes = call.wholes(1);
    if (sizes.some((size) => size < 0)) call.draft.unsupported(`${call.where} with a size that is left open`);
    return call.draft.addAll("Split", [call.input(0), call.draft.ints(sizes)], sizes.length, { axis: axisAt(call, 2) });
  },
  Pack: (call) => pack(call.draft, call.inputs, call.int("axis")),
  Unpack: (call) => unpack(call.draft, call.input(0), call.int("num"), call.int("axis")),

  Slice: (call) => slice(call.draft, call.input(0), call.wholes(1), call.wholes(2)),
  StridedSlice(call) {
    const [begin, end, strides] = [1, 2, 3].map((i) => call.wholes(i));
    return stridedSlice(
      call.draft,
      call.input(0),
      { begin, end, strides },
      {
        begin: call.int("begin_mask"),
        end: call.int("end_mask"),
        ellipsis: call.int("ellipsis_mask"),
        newAxis: call.int("new_axis_mask"),
        shrink: call.int("shrink_axis_mask"),
      },
    );
  },
  ReverseV2: (call) => reverse(call.draft, call.input(0), call.wholes(1)),
  GatherV2(call) {
    if (call.int("batch_dims") !== 0) call.draft.unsupported(`"batch_dims" of ${call.where}`);
    return call.draft.add("Gather", [call.input(0), call.input(1)], { axis: axisAt(call, 2) });
  },
  Gather: (call) => call.draft.add("Gather", [call.input(0), call.input(1)], { axis: 0 }),
  GatherNd: (call) => call.draft.add("GatherND", [call.input(0), call.input(1)]),
  Pad: (call) => pad(call.draft, call.input(0), call.wholes(1)),
  PadV2: (call) => pad(call.draft, call.input(0), call.wholes(1), { value: call.input(2) }),
  MirrorPad: (call) => mirrorPad(call.draft, call.input(0), call.wholes(1), call.text("mode"), call.where),

  Shape: (call) => call.draft.add("Shape", [call.input(0)]),
  Size: (call) => call.draft.add("Size", [call.input(0)]),
  Rank: (call) => call.draft.add("Size", [call.draft.add("Shape", [call.input(0)])]),
  Fill: (call) => call.draft.add("Expand", [call.input(1), call.input(0)]),
  Range: (call) =>
    call.draft.add(
      "Range",
      [0, 1, 2].map((i) => call.input(i)),
    ),
  ZerosLike: filledLike(0),
  OnesLike: filledLike(1),
  Cast(call) {
    const to = castTypes.get(call.type("DstT")) ?? call.draft.unsupported(`${call.where} to ${call.type("DstT")}`);
    return call.draft.add("Cast", [call.input(0)], { to });
  },
  IsNan: (call) => call.draft.add("IsNaN", [call.input(0)]),
};
