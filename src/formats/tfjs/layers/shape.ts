/** Layers that move numbers, and those that do nothing when a network predicts. */
import type { Layer, LayerCall } from "./call.js";

/** `[[top, bottom], [left, right]]`; `[rows, columns]` or one number stand for both sides. */
function borders({ config }: LayerCall, key: string): [top: number, bottom: number, left: number, right: number] {
  const value = config.get(key) ?? 1;
  const sides = Array.isArray(value) ? value : [value, value];
  const pairs = sides.map((side) => (Array.isArray(side) ? side : [side, side])).flat();
  if (pairs.length !== 4 || !pairs.every((size) => Number.isSafeInteger(size) && size >= 0)) config.fail(`"${key}" expects sizes for four sides`);
  return pairs as [number, number, number, number];
}

const identity: Layer = ({ x }) => x;

export const shapeLayers: Readonly<Record<string, Layer>> = {
  Flatten(call) {
    const { draft, x, channelsFirst } = call;
    // Keras flattens [N, C, H, W] in the order of [N, H, W, C].
    const ordered = channelsFirst && x.rank === 4 ? draft.channelsLast(x.ref) : x.ref;
    return { ref: draft.add("Flatten", [ordered], { axis: 1 }), rank: 2 };
  },
  Reshape({ draft, x, config }) {
    const sizes = config.list("target_shape").map((size) => size ?? -1) as number[];
    if (!sizes.every(Number.isSafeInteger)) config.fail(`"target_shape" expects sizes`);
    return { ref: draft.add("Reshape", [x.ref, draft.ints([0, ...sizes])]), rank: sizes.length + 1 };
  },
  Permute({ draft, x, config }) {
    return { ref: draft.transpose(x.ref, [0, ...config.wholes("dims", x.rank - 1)]), rank: x.rank };
  },
  RepeatVector({ draft, x, config }) {
    if (x.rank !== 2) config.fail(`expected an input of 2 axes, got ${x.rank}`);
    const row = draft.add("Unsqueeze", [x.ref, draft.ints([1])]);
    return { ref: draft.add("Expand", [row, draft.ints([1, config.whole("n"), 1])]), rank: 3 };
  },
  ZeroPadding2D(call) {
    const [top, bottom, left, right] = borders(call, "padding");
    const pads = call.channelsFirst ? [0, 0, top, left, 0, 0, bottom, right] : [0, top, left, 0, 0, bottom, right, 0];
    return { ref: call.draft.add("Pad", [call.image, call.draft.ints(pads)], { mode: "constant" }), rank: 4 };
  },
  Cropping2D(call) {
    const { draft, channelsFirst } = call;
    const [top, bottom, left, right] = borders(call, "cropping");
    const toEnd = (cut: number) => (cut === 0 ? 2 ** 31 - 1 : -cut);
    const axes = draft.ints(channelsFirst ? [2, 3] : [1, 2]);
    return { ref: draft.add("Slice", [call.image, draft.ints([top, left]), draft.ints([toEnd(bottom), toEnd(right)]), axes]), rank: 4 };
  },
  /** Kept for training. */
  Dropout: ({ draft, x, config }) => ({ ref: draft.add("Dropout", [x.ref, draft.scalar(config.number("rate", 0.5))]), rank: x.rank }),
  SpatialDropout2D: identity,
  AlphaDropout: identity,
  GaussianDropout: identity,
  GaussianNoise: identity,
  ActivityRegularization: identity,
  RandomFlip: identity,
  RandomRotation: identity,
  RandomZoom: identity,
  RandomTranslation: identity,
  RandomContrast: identity,
  RandomBrightness: identity,
};
