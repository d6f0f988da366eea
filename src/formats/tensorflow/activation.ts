/** Activations by the names that Keras, TensorFlow and TFLite give them. */
import type { Draft, Ref } from "./draft.js";

type Activation = (draft: Draft, x: Ref) => Ref;

const node =
  (op: string, attributes = {}): Activation =>
  (draft, x) =>
    draft.add(op, [x], attributes);

/** min(max(x, low), high). */
export const clip = (draft: Draft, x: Ref, low: number, high: number): Ref => draft.add("Clip", [x, draft.scalar(low), draft.scalar(high)]);

/** x f(x). */
const gated =
  (f: Activation): Activation =>
  (draft, x) =>
    draft.add("Mul", [x, f(draft, x)]);

const gelu: Activation = (draft, x) => {
  const erf = draft.add("Erf", [draft.add("Div", [x, draft.scalar(Math.SQRT2)])]);
  return draft.add("Mul", [draft.add("Mul", [x, draft.add("Add", [erf, draft.scalar(1)])]), draft.scalar(0.5)]);
};

/** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). */
export const geluTanh: Activation = (draft, x) => {
  const cube = draft.add("Mul", [draft.add("Mul", [x, x]), x]);
  const inner = draft.add("Add", [x, draft.add("Mul", [cube, draft.scalar(0.044715)])]);
  const tanh = draft.add("Tanh", [draft.add("Mul", [inner, draft.scalar(Math.sqrt(2 / Math.PI))])]);
  return draft.add("Mul", [draft.add("Mul", [x, draft.add("Add", [tanh, draft.scalar(1)])]), draft.scalar(0.5)]);
};

const relu6: Activation = (draft, x) => clip(draft, x, 0, 6);

/** relu6(x + 3) / 6. */
const hardSigmoid = node("HardSigmoid", { alpha: 1 / 6, beta: 0.5 });

const activations = new Map<string, Activation>([
  ["linear", (_, x) => x],
  ["relu", node("Relu")],
  ["relu6", relu6],
  ["relu_n1_to_1", (draft, x) => clip(draft, x, -1, 1)],
  ["sigmoid", node("Sigmoid")],
  ["tanh", node("Tanh")],
  ["softmax", node("Softmax", { axis: -1 })],
  ["log_softmax", node("LogSoftmax", { axis: -1 })],
  ["elu", node("Elu")],
  ["selu", node("Selu")],
  ["softplus", node("Softplus")],
  ["softsign", node("Softsign")],
  ["exponential", node("Exp")],
  ["leaky_relu", node("LeakyRelu", { alpha: 0.2 })],
  ["hard_sigmoid", hardSigmoid],
  ["hard_swish", node("HardSwish")],
  ["hard_silu", node("HardSwish")],
  ["swish", gated(node("Sigmoid"))],
  ["silu", gated(node("Sigmoid"))],
  ["gelu", gelu],
  ["gelu_new", geluTanh],
  ["mish", gated((draft, x) => draft.add("Tanh", [draft.add("Softplus", [x])]))],
]);

/** `name` of x. @throws {UnsupportedOpError} for a name that is not known */
export function activate(draft: Draft, name: string, x: Ref, where: string): Ref {
  const activation = activations.get(name) ?? draft.unsupported(`activation "${name}" of ${where}`);
  return activation(draft, x);
}
