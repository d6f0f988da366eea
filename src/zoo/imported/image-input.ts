import { UnsupportedOpError } from "../../core/errors.js";
import type { Value } from "../../graph/graph.js";
import { computed, type Computed } from "../../formats/onnx/build/index.js";
import type { OnnxModel, OnnxTensorInfo } from "../../formats/onnx/read-model.js";

/** The input of a graph that takes images. */
export interface ImageInput {
  readonly info: OnnxTensorInfo;
  readonly layout: "NCHW" | "NHWC";
  readonly channels: 3 | 1;
  /** Height and width in pixels, where the graph says. */
  readonly size?: readonly [height: number, width: number];
}

/** @throws {UnsupportedOpError} for a graph with other inputs than one of images, which `openOnnx` and its like run */
export function imageInput({ inputs, file }: OnnxModel): ImageInput {
  const refuse = (why: string): never => {
    const found = inputs.map(({ name, type, shape }) => `"${name}" ${type} [${shape?.map((size) => size ?? "?").join(",") ?? "..."}]`).join(", ");
    throw new UnsupportedOpError(`load: ${why}; the graph's inputs are ${found || "none"}. openOnnx runs graphs of any inputs (${file})`);
  };
  const [info, ...others] = inputs;
  if (!info || others.length > 0) return refuse("a classifier has one input, of images");
  const { shape, type } = info;
  if (shape?.length !== 4 || type === "bool") return refuse("expected images [N,C,H,W] or [N,H,W,C]");
  const isDepth = (size: number | string | undefined): size is 3 | 1 => size === 3 || size === 1;
  const layout = isDepth(shape[1]) || !isDepth(shape[3]) ? "NCHW" : "NHWC";
  const [depth, height, width] = layout === "NCHW" ? shape.slice(1) : [shape[3], shape[1], shape[2]];
  if (typeof depth === "number" && !isDepth(depth)) return refuse("expected images of 3 channels or 1");
  const size = typeof height === "number" && typeof width === "number" ? ([height, width] as const) : undefined;
  return { info, layout, channels: isDepth(depth) ? depth : 3, size };
}

/** Images x [N, H, W, C] as the tensor that the graph takes. */
export function imageTensor(x: Value, { layout, info: { type } }: ImageInput): Computed {
  const [count, height, width, channels] = x.shape;
  return layout === "NCHW" ? computed(x, [count, channels, height, width], [0, 2, 3, 1], type) : computed(x, x.shape, undefined, type);
}
