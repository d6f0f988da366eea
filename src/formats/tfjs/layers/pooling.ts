import { onImages, pool2d } from "../../tensorflow/convolution.js";
import type { Layer, LayerCall } from "./call.js";

const pool =
  (kind: "AveragePool" | "MaxPool"): Layer =>
  (call) => {
    const size = call.config.wholes("pool_size", 2, [2, 2]);
    const window = { ...call.window(), strides: call.config.wholes("strides", 2, size) };
    return { ref: pool2d(call.draft, kind, call.image, size, window), rank: 4 };
  };

const globalPool =
  (kind: "GlobalAveragePool" | "GlobalMaxPool"): Layer =>
  (call: LayerCall) => {
    const { draft, channelsFirst } = call;
    if (call.config.flag("keepdims", false)) return { ref: onImages(draft, call.image, channelsFirst, (x) => draft.add(kind, [x])), rank: 4 };
    const x = channelsFirst ? call.image : draft.channelsFirst(call.image);
    return { ref: draft.add("Flatten", [draft.add(kind, [x])], { axis: 1 }), rank: 2 };
  };

export const pools: Readonly<Record<string, Layer>> = {
  AveragePooling2D: pool("AveragePool"),
  MaxPooling2D: pool("MaxPool"),
  GlobalAveragePooling2D: globalPool("GlobalAveragePool"),
  GlobalMaxPooling2D: globalPool("GlobalMaxPool"),
};
