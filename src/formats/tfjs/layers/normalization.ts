import { sizeOf } from "../../../core/shape.js";
import { constant, stored } from "../../onnx/constant.js";
import { batchNormalization } from "../../tensorflow/convolution.js";
import type { Ref } from "../../tensorflow/draft.js";
import { mapped } from "../../tensorflow/stored.js";
import type { Layer, LayerCall } from "./call.js";

/** The axes that a layer names, counted from the front. */
function axesOf(call: LayerCall, otherwise: number): number[] {
  const value = call.config.get("axis") ?? otherwise;
  const axes = Array.isArray(value) ? value : [value];
  if (!axes.every((axis) => Number.isSafeInteger(axis) && axis >= -call.x.rank && axis < call.x.rank))
    call.config.fail(`"axis" is outside of ${call.x.rank} axes`);
  return axes.map((axis) => (axis < 0 ? axis + call.x.rank : axis));
}

/** A weight that the layer was made without: as many numbers as another has. */
function filled({ draft, name }: LayerCall, key: string, like: Ref, value: number): Ref {
  const shape = draft.stored(like)?.shape ?? [];
  return draft.constant(`${name}/${key}`, stored(constant("float32", shape, new Float64Array(sizeOf(shape)).fill(value))));
}

const named = (call: LayerCall, flag: string, name: string) => (call.config.flag(flag, true) ? call.weight(name) : undefined);

export const normalizations: Readonly<Record<string, Layer>> = {
  BatchNormalization(call) {
    const { rank } = call.x;
    const [axis, ...more] = axesOf(call, -1);
    const channelsFirst = rank === 4 && axis === 1;
    if ((rank !== 4 && rank !== 2) || more.length > 0 || (axis !== rank - 1 && !channelsFirst))
      call.draft.unsupported(`${call.config.where} over axis ${axis} of ${rank} axes`);
    const [gamma, beta] = [named(call, "scale", "gamma"), named(call, "center", "beta")];
    const [mean, variance] = [call.weight("moving_mean"), call.weight("moving_variance")];
    const parameters = { scale: gamma ?? filled(call, "gamma", mean, 1), offset: beta ?? filled(call, "beta", mean, 0), mean, variance };
    const epsilon = call.config.number("epsilon", 1e-3);
    return { ref: batchNormalization(call.draft, call.x.ref, parameters, { epsilon, rank, channelsFirst }), rank };
  },

  LayerNormalization(call) {
    const { ref, rank } = call.x;
    const axes = axesOf(call, -1).sort((a, b) => a - b);
    if (axes.some((axis, i) => axis !== rank - axes.length + i)) call.draft.unsupported(`${call.config.where} over axes [${axes}] of ${rank}`);
    const [gamma, beta] = [named(call, "scale", "gamma"), named(call, "center", "beta")];
    const scale = gamma ?? (beta ? filled(call, "gamma", beta, 1) : call.draft.unsupported(`${call.config.where} without scale and offset`));
    const attributes = { axis: -axes.length, epsilon: call.config.number("epsilon", 1e-3) };
    return { ref: call.draft.add("LayerNormalization", beta ? [ref, scale, beta] : [ref, scale], attributes, call.name), rank };
  },

  /** As exporters of opset 17 write it: an instance norm over groups, then scale and offset for each channel. */
  GroupNormalization(call) {
    const { draft } = call;
    const groups = call.config.whole("groups", 32);
    if (groups < 1 || axesOf(call, -1).join() !== "3") draft.unsupported(`${call.config.where} of ${groups} groups over other axes than the last`);
    const x = draft.channelsFirst(call.image);
    const [ones, zeros] = [draft.floats(new Array<number>(groups).fill(1)), draft.floats(new Array<number>(groups).fill(0))];
    const parts = draft.add("Reshape", [x, draft.ints([0, groups, -1])]);
    const normed = draft.add("InstanceNormalization", [parts, ones, zeros], { epsilon: call.config.number("epsilon", 1e-3) });
    let y = draft.channelsLast(draft.add("Reshape", [normed, draft.add("Shape", [x])]));
    const [gamma, beta] = [named(call, "scale", "gamma"), named(call, "center", "beta")];
    if (gamma) y = draft.add("Mul", [y, gamma]);
    if (beta) y = draft.add("Add", [y, beta]);
    return { ref: y, rank: 4 };
  },

  /** (x - mean) / max(sqrt(variance), 1e-7), with statistics that were adapted to the data or given. */
  Normalization(call) {
    const { draft, x, config } = call;
    const given = config.has("mean");
    const list = (key: string) => {
      const value = config.get(key);
      const values = (Array.isArray(value) ? value : [value]).flat(4);
      return values.every((each) => typeof each === "number") ? draft.floats(values as number[]) : config.fail(`"${key}" expects numbers`);
    };
    if (axesOf(call, -1).join() !== String(x.rank - 1)) draft.unsupported(`${config.where} over other axes than the last`);
    const [mean, variance] = given ? [list("mean"), list("variance")] : [call.weight("mean"), call.weight("variance")];
    const deviation = draft.derived(variance, "deviation", (tensor) => mapped(tensor, (value) => Math.max(Math.sqrt(value), 1e-7)));
    const invert = config.flag("invert", false);
    const y = invert ? draft.add("Add", [draft.add("Mul", [x.ref, deviation]), mean]) : draft.add("Div", [draft.add("Sub", [x.ref, mean]), deviation]);
    return { ref: y, rank: x.rank };
  },
};
