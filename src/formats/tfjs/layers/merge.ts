/** Layers of several inputs, and the operators that Keras 3 has under the same names, where one may be a number. */
import type { Ref } from "../../tensorflow/draft.js";
import type { Layer, LayerCall, LayerTensor } from "./call.js";

/** Inputs two at a time. */
const folded = (call: LayerCall, op: string): Ref => refs(call).reduce((a, b) => call.draft.add(op, [a, b]));

function refs({ inputs, config }: LayerCall): Ref[] {
  if (inputs.length < 2) config.fail(`expected two inputs or more, got ${inputs.length}`);
  const ranks = inputs.map(({ rank }) => rank);
  // Numbers go with any.
  if (new Set(ranks.filter((rank) => rank > 0)).size > 1) config.fail(`expected inputs of as many axes, got ${ranks}`);
  return inputs.map(({ ref }) => ref);
}

const merge =
  (f: (call: LayerCall) => Ref): Layer =>
  (call): LayerTensor => ({ ref: f(call), rank: Math.max(0, ...call.inputs.map(({ rank }) => rank)) });

/** Of two. */
const pair = (op: string) =>
  merge((call) => (call.inputs.length === 2 ? folded(call, op) : call.config.fail(`expected two inputs, got ${call.inputs.length}`)));

export const merges: Readonly<Record<string, Layer>> = {
  Add: merge((call) => folded(call, "Add")),
  Multiply: merge((call) => folded(call, "Mul")),
  Average: merge((call) => call.draft.add("Mul", [folded(call, "Add"), call.draft.scalar(1 / call.inputs.length)])),
  Maximum: merge((call) => call.draft.add("Max", refs(call))),
  Minimum: merge((call) => call.draft.add("Min", refs(call))),
  Subtract: pair("Sub"),
  Divide: pair("Div"),
  TrueDivide: pair("Div"),
  Concatenate: merge((call) => call.draft.add("Concat", refs(call), { axis: call.config.whole("axis", -1) })),
};
