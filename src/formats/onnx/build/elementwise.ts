import type { Value } from "../../../graph/graph.js";
import { add } from "../../../ops/add.js";
import { clip } from "../../../ops/clip.js";
import { gelu } from "../../../ops/gelu.js";
import { hardSigmoid } from "../../../ops/hard-sigmoid.js";
import { hardSwish } from "../../../ops/hard-swish.js";
import { leakyRelu } from "../../../ops/leaky-relu.js";
import { mul } from "../../../ops/mul.js";
import { relu } from "../../../ops/relu.js";
import { sigmoid } from "../../../ops/sigmoid.js";
import { silu } from "../../../ops/silu.js";
import { tanh } from "../../../ops/tanh.js";
import { elementwise } from "./aligned.js";
import type { Build, NodeCall } from "./call.js";

/** Of each element alone. */
const unary =
  (f: (call: NodeCall) => (x: Value) => Value): Build =>
  (call) =>
    call.each(call.input(0), f(call));
const plain = (f: (x: Value) => Value) => unary(() => f);

const scalar = ({ graph }: Value, value: number) => graph.constant(Float32Array.of(value), [1]);

/** alpha x + beta. */
const affine = (x: Value, alpha: number, beta: number) => {
  const y = alpha === 1 ? x : mul({ a: x, b: scalar(x, alpha) });
  return beta === 0 ? y : add({ a: y, b: scalar(x, beta) });
};

/** x times its own sigmoid is one op. */
const product = (a: Value, b: Value): Value => {
  const gated = (x: Value, gate: Value) => gate.node?.op === (sigmoid as unknown) && gate.node?.tensors.x === x;
  if (gated(a, b)) return silu({ x: a });
  return gated(b, a) ? silu({ x: b }) : mul({ a, b });
};

const folded =
  (f: (a: Value, b: Value) => Value): Build =>
  (call) =>
    elementwise(
      call,
      call.inputs.map((_, i) => call.input(i)),
      (...values) => values.reduce(f),
    );

export const elementwiseOperators: Readonly<Record<string, Build>> = {
  Relu: plain((x) => relu({ x })),
  LeakyRelu: unary((call) => (x) => leakyRelu({ x }, { slope: call.float("alpha", 0.01) })),
  Sigmoid: plain((x) => sigmoid({ x })),
  Tanh: plain((x) => tanh({ x })),
  HardSwish: plain((x) => hardSwish({ x })),
  HardSigmoid: unary((call) => {
    const [alpha, beta] = [call.float("alpha", 0.2), call.float("beta", 0.5)];
    const native = Math.abs(alpha - 1 / 6) < 1e-6 && beta === 0.5;
    return (x) => (native ? hardSigmoid({ x }) : clip({ x: affine(x, alpha, beta) }, { low: 0, high: 1 }));
  }),
  Gelu: unary((call) => (call.text("approximate", "none") === "none" ? (x) => gelu({ x }) : call.unsupported("the approximation by tanh"))),
  Clip: unary((call) => {
    const [low, high] = [call.number(1, "min") ?? -Infinity, call.number(2, "max") ?? Infinity];
    return (x) => (low === 0 && high === Infinity ? relu({ x }) : clip({ x }, { low, high }));
  }),
  Add: folded((a, b) => add({ a, b })),
  Sum: folded((a, b) => add({ a, b })),
  Mul: folded(product),
};
