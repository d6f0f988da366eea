import { formatShape, sizeOf } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { defineOp } from "../graph/op.js";
import { conv2d, conv2dBackwardWeight, conv2dBackwardX } from "./conv2d.js";
import { sumRows } from "./dense.js";
import { lowerBroadcast } from "./lowering/broadcast.js";
import { unitWindow } from "./lowering/window.js";

const defaults = { ...unitWindow, outputPadding: [0, 0] as readonly number[], groups: 1 };

/** The gradient of a convolution as a layer (deconvolution). `outputPadding` adds rows and columns below and to the right. @see torch.nn.ConvTranspose2d */
export const convTranspose2d = defineOp({
  name: "convTranspose2d",
  summary: "y = the transposed convolution of x + bias: each pixel of x adds weight times itself to y; weight [kh, kw, out / groups, in].",
  inputs: ["x", "weight", "bias?"],
  attributes: defaults,
  shape({ x, weight, bias }, { stride, padding, dilation, outputPadding, groups }, fail) {
    if (x.length !== 4 || weight.length !== 4) fail("expected x [N,H,W,C] and weight [kh,kw,out/groups,in]");
    const whole = (values: readonly number[], count: number, least: number) =>
      values.length === count && values.every((value) => Number.isInteger(value) && value >= least);
    if (!whole(stride, 2, 1) || !whole(dilation, 2, 1))
      fail(`stride and dilation expect two whole numbers of 1 or more, got ${formatShape(stride)} and ${formatShape(dilation)}`);
    if (!whole(padding, 4, 0) || !whole(outputPadding, 2, 0))
      fail(`padding expects [top,bottom,left,right] and outputPadding [bottom,right], got ${formatShape(padding)} and ${formatShape(outputPadding)}`);
    if (x[3] !== weight[3]) fail(`weight expects ${weight[3]} input channels, got ${x[3]}`);
    if (!Number.isInteger(groups) || groups < 1 || x[3] % groups !== 0) fail(`${x[3]} input channels are not a multiple of ${groups} groups`);
    const channels = weight[2] * groups;
    if (bias && (bias.length !== 1 || bias[0] !== channels)) fail(`bias expects [${channels}], got ${formatShape(bias)}`);
    const [height, width] = [0, 1].map((axis) => {
      const reach = (x[axis + 1] - 1) * stride[axis] + dilation[axis] * (weight[axis] - 1) + 1 + outputPadding[axis];
      return reach - padding[2 * axis] - padding[2 * axis + 1];
    });
    if (height < 1 || width < 1) fail(`padding ${formatShape(padding)} leaves no output`);
    if (outputPadding.some((size, axis) => size >= stride[axis])) fail(`outputPadding ${formatShape(outputPadding)} expects less than the stride`);
    return [x[0], height, width, channels];
  },
  lower(emit, { x, weight, bias, y }, { outputPadding, ...window }) {
    conv2dBackwardX.lower(emit, { dy: x, weight, dx: y }, { ...window, size: y.shape.slice(1, 3) });
    if (bias) lowerBroadcast(emit, "add_f32", { y, a: y, b: bias });
  },
  gradient: {
    x: ({ weight, dy }, { outputPadding, ...window }): Value => conv2d({ x: dy, weight }, window),
    weight: ({ x, weight, dy }, { outputPadding, ...window }) => conv2dBackwardWeight({ x: dy, dy: x }, { ...window, kernel: weight.shape.slice(0, 2) }),
    bias: ({ dy }) => sumRows(dy),
  },
  flops: ({ x, weight }) => 2 * sizeOf(x) * sizeOf(weight.slice(0, 3)),
});
