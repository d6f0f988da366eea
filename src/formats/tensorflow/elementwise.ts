/** Operators on elements, by TensorFlow's names; TFLite's mean the same. */
import { activate, clip } from "./activation.js";
import type { Draft, Ref } from "./draft.js";

export type Elementwise = (draft: Draft, inputs: readonly Ref[], where: string) => Ref;

const node =
  (op: string, count = 1): Elementwise =>
  (draft, inputs, where) => {
    if (inputs.length !== count) draft.fail(`${where} expects ${count} inputs, got ${inputs.length}`);
    return draft.add(op, inputs);
  };

const binary = (op: string) => node(op, 2);

/** Two operators in a row. */
const then =
  (first: Elementwise, op: string): Elementwise =>
  (...call) =>
    call[0].add(op, [first(...call)]);

const activation =
  (name: string): Elementwise =>
  (draft, [x], where) =>
    activate(draft, name, x, where);

const identity: Elementwise = (_, [x]) => x;

/** Whole numbers are divided towards zero and floats to the floor; the two agree where neither is negative, as sizes are. */
const floorDivide: Elementwise = (draft, [a, b]) => draft.add("Floor", [draft.add("Div", [a, b])]);

export const elementwise = new Map<string, Elementwise>([
  ["Identity", identity],
  ["Relu", activation("relu")],
  ["Relu6", activation("relu6")],
  ["Elu", activation("elu")],
  ["Selu", activation("selu")],
  ["Sigmoid", activation("sigmoid")],
  ["Tanh", activation("tanh")],
  ["Softplus", activation("softplus")],
  ["Softsign", activation("softsign")],
  ["Softmax", activation("softmax")],
  ["LogSoftmax", activation("log_softmax")],
  ["Abs", node("Abs")],
  ["Neg", node("Neg")],
  ["Exp", node("Exp")],
  ["Expm1", (draft, [x]) => draft.add("Sub", [draft.add("Exp", [x]), draft.scalar(1)])],
  ["Log", node("Log")],
  ["Log1p", (draft, [x]) => draft.add("Log", [draft.add("Add", [x, draft.scalar(1)])])],
  ["Sqrt", node("Sqrt")],
  ["Rsqrt", then(node("Sqrt"), "Reciprocal")],
  ["Reciprocal", node("Reciprocal")],
  ["Square", (draft, [x]) => draft.add("Mul", [x, x])],
  ["Floor", node("Floor")],
  ["Ceil", node("Ceil")],
  ["Round", node("Round")],
  ["Sign", node("Sign")],
  ["Erf", node("Erf")],
  ["Sin", node("Sin")],
  ["Cos", node("Cos")],
  ["Tan", node("Tan")],
  ["Atan", node("Atan")],
  ["Prelu", binary("PRelu")],
  ["Add", binary("Add")],
  ["Sub", binary("Sub")],
  ["Mul", binary("Mul")],
  ["Div", binary("Div")],
  ["FloorDiv", floorDivide],
  ["FloorMod", (draft, [a, b], where) => draft.add("Sub", [a, draft.add("Mul", [floorDivide(draft, [a, b], where), b])])],
  ["Maximum", binary("Max")],
  ["Minimum", binary("Min")],
  ["Pow", binary("Pow")],
  [
    "SquaredDifference",
    (draft, [a, b]) => {
      const difference = draft.add("Sub", [a, b]);
      return draft.add("Mul", [difference, difference]);
    },
  ],
  ["AddN", (draft, inputs, where) => (inputs.length > 0 ? inputs.reduce((a, b) => draft.add("Add", [a, b])) : draft.fail(`${where} has no inputs`))],
  [
    "ClipByValue",
    (draft, [x, low, high], where) => clip(draft, x, draft.number(low, `${where}: the lower bound`), draft.number(high, `${where}: the upper bound`)),
  ],
  ["Greater", binary("Greater")],
  ["GreaterEqual", binary("GreaterOrEqual")],
  ["Less", binary("Less")],
  ["LessEqual", binary("LessOrEqual")],
  ["Equal", binary("Equal")],
  ["NotEqual", then(binary("Equal"), "Not")],
  ["LogicalAnd", binary("And")],
  ["LogicalOr", binary("Or")],
  ["LogicalNot", node("Not")],
  ["Select", node("Where", 3)],
]);
