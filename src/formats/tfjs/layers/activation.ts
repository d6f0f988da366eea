import { clip } from "../../tensorflow/activation.js";
import type { Layer } from "./call.js";

export const activationLayers: Readonly<Record<string, Layer>> = {
  Activation: (call) => ({ ref: call.activated(call.x.ref), rank: call.x.rank }),

  ReLU(call) {
    const { config, draft, x } = call;
    const [slope, threshold] = [config.number("negative_slope", 0), config.number("threshold", 0)];
    const most = config.has("max_value") ? config.number("max_value") : undefined;
    if (threshold !== 0 && (slope !== 0 || most !== undefined)) draft.unsupported(`${config.where} with a threshold and a slope or bound`);
    const bent = (): string => {
      if (threshold !== 0) return draft.add("ThresholdedRelu", [x.ref], { alpha: threshold });
      if (slope === 0) return most === undefined ? draft.add("Relu", [x.ref]) : clip(draft, x.ref, 0, most);
      const leaky = draft.add("LeakyRelu", [x.ref], { alpha: slope });
      return most === undefined ? leaky : draft.add("Clip", [leaky, "", draft.scalar(most)]);
    };
    return { ref: bent(), rank: x.rank };
  },
  LeakyReLU({ draft, x, config }) {
    return { ref: draft.add("LeakyRelu", [x.ref], { alpha: config.number("negative_slope", config.number("alpha", 0.3)) }), rank: x.rank };
  },
  PReLU: (call) => ({ ref: call.draft.add("PRelu", [call.x.ref, call.weight("alpha")]), rank: call.x.rank }),
  ELU: ({ draft, x, config }) => ({ ref: draft.add("Elu", [x.ref], { alpha: config.number("alpha", 1) }), rank: x.rank }),
  ThresholdedReLU: ({ draft, x, config }) => ({ ref: draft.add("ThresholdedRelu", [x.ref], { alpha: config.number("theta", 1) }), rank: x.rank }),
  Softmax({ draft, x, config }) {
    const axis = config.get("axis");
    return { ref: draft.add("Softmax", [x.ref], { axis: Array.isArray(axis) ? config.wholes("axis", 1)[0] : config.whole("axis", -1) }), rank: x.rank };
  },
};
