/** Layers that scale images, in size or in value. */
import { resize2d, type Sampling } from "../../tensorflow/convolution.js";
import type { Layer, LayerCall } from "./call.js";

function modeOf({ draft, config }: LayerCall, otherwise: string): Sampling["mode"] {
  const name = config.text("interpolation", otherwise);
  if (name === "bilinear") return "linear";
  return name === "nearest" ? name : draft.unsupported(`interpolation "${name}" of ${config.where}`);
}

/** Numbers that stand for every channel, or one each. */
function perChannel({ draft, config }: LayerCall, key: string, otherwise: number) {
  const value = config.get(key) ?? otherwise;
  if (!Array.isArray(value)) return draft.scalar(config.number(key, otherwise));
  return value.every((each) => typeof each === "number") ? draft.floats(value as number[]) : config.fail(`"${key}" expects numbers`);
}

export const imageLayers: Readonly<Record<string, Layer>> = {
  Rescaling(call) {
    const { draft, x } = call;
    const scaled = draft.add("Mul", [x.ref, perChannel(call, "scale", 1)]);
    return { ref: draft.add("Add", [scaled, perChannel(call, "offset", 0)]), rank: x.rank };
  },
  Resizing(call) {
    const { draft, config } = call;
    if (config.flag("crop_to_aspect_ratio", false)) draft.unsupported(`"crop_to_aspect_ratio" of ${config.where}`);
    const size = draft.ints([config.whole("height"), config.whole("width")]);
    return { ref: resize2d(draft, call.image, { size }, { mode: modeOf(call, "bilinear"), halfPixelCenters: true }, call.channelsFirst), rank: 4 };
  },
  /** Keras goes by the centres of pixels, TF.js by their corners. */
  UpSampling2D(call) {
    const scales = call.config.wholes("size", 2, [2, 2]);
    const sampling = { mode: modeOf(call, "nearest"), halfPixelCenters: call.flavour !== "tfjs" };
    return { ref: resize2d(call.draft, call.image, { scales }, sampling, call.channelsFirst), rank: 4 };
  },
};
