/** Layers of several inputs. */
import type { Ref } from "../../tensorflow/draft.js";
import type { Layer, LayerCall, LayerTensor } from "./call.js";

/** Inputs two at a time. */
const folded = (call: LayerCall, op: string): Ref => refs(call).reduce((a, b) => call.draft.add(op, [a, b]));

function refs({ inputs, config }: LayerCall): Ref[] {
  if (inputs.length < 2) config.fail(`expected two inputs or more, got ${inputs.length}`);
  if (inputs.some(({ rank }) => rank !== inputs[0].rank)) config.fail(`expected inputs of as many axes, got ${inputs.map(({ rank }) => rank)}`);
  return inputs.map(({ ref }) => ref);
}

const merge =
  (f: (call: LayerCall) => Ref): Layer =>
  (call): LayerTensor => ({ ref: f(call), rank: call.inputs[0]?.rank ?? 0 });

export const merges: Readonly<Record<string, Layer>> = {
  Add: merge((call) => folded(call, "Add")),
  Multiply: merge((call) => folded(call, "Mul")),
  Average: merge((call) => call.draft.add("Mul", [folded(call, "Add"), call.draft.scalar(1 / call.inputs.length)])),
  Maximum: merge((call) => call.draft.add("Max", refs(call))),
  Minimum: merge((call) => call.draft.add("Min", refs(call))),
  Subtract: merge((call) => (call.inputs.length === 2 ? folded(call, "Sub") : call.config.fail(`expected two inputs, got ${call.inputs.length}`))),
  Concatenate: merge((call) => call.draft.add("Concat", refs(call), { axis: call.config.whole("axis", -1) })),
};
