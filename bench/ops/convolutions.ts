import { Graph } from "../../src/graph/graph.js";
import { conv2d, conv2dBackwardWeight, conv2dBackwardX } from "../../src/ops/conv2d.js";
import { type Case, caseOf } from "./measure.js";

/** Side, input and output channels, kernel, stride, and how many images train together. */
const layers: readonly (readonly number[])[] = [
  // 3x3 layers of ResNet at 224 px and of ResNet-20: Winograd where its rule says so
  [56, 64, 64, 3, 1, 8],
  [28, 128, 128, 3, 1, 8],
  [14, 256, 256, 3, 1, 8],
  [7, 512, 512, 3, 1, 8],
  [32, 16, 16, 3, 1, 64],
  [16, 32, 32, 3, 1, 64],
  [8, 64, 64, 3, 1, 64],
  // strides, and the shortcut of a stage
  [56, 128, 128, 3, 2, 8],
  [28, 256, 256, 3, 2, 8],
  [56, 256, 512, 1, 2, 8],
  // first layers: MobileNet, ResNet, ResNet-20, the small CNN
  [224, 3, 32, 3, 2, 8],
  [224, 3, 64, 7, 2, 8],
  [32, 3, 16, 3, 1, 64],
  [28, 1, 32, 3, 1, 64],
];

/** One image with packed weights, then training with weights that change: forward, dx, dw. A first layer has no dx. */
export const convolutions: readonly Case[] = layers.flatMap(([side, channels, filters, kernel, stride, together]) => {
  const outer = Math.ceil(side / stride);
  const window = { stride: [stride, stride], padding: Array<number>(4).fill(kernel >> 1) };
  const weight = [kernel, kernel, channels, filters];
  const layer = (batch: number) => `${batch} x ${side} x ${side} x ${channels} to ${filters}, ${kernel}x${kernel}${stride > 1 ? ` / ${stride}` : ""}`;
  const inference = new Graph();
  const x = inference.input("x", [1, side, side, channels]);
  const bias = inference.keep("parameter", "bias", [filters]);
  inference.output("y", conv2d({ x, weight: inference.keep("parameter", "weight", weight), bias }, { ...window, low: 0 }));
  const inner = { x: [together, side, side, channels] };
  const dy = { dy: [together, outer, outer, filters] };
  const training = [
    caseOf("conv2d", layer(together), { ...inner, weight }, ({ x, weight }) => conv2d({ x, weight }, window)),
    caseOf("conv2dBackwardX", layer(together), { ...dy, weight }, ({ dy, weight }) => conv2dBackwardX({ dy, weight }, { ...window, size: [side, side] })),
    caseOf("conv2dBackwardWeight", layer(together), { ...inner, ...dy }, ({ x, dy }) =>
      conv2dBackwardWeight({ x, dy }, { ...window, kernel: [kernel, kernel] }),
    ),
  ];
  return [{ kernel: "conv2d", layer: layer(1), graph: inference }, ...training.filter(({ kernel }) => channels > 3 || kernel !== "conv2dBackwardX")];
});
