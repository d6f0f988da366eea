import type { Value } from "../../../graph/graph.js";
import { clip } from "../../../ops/clip.js";
import { combine } from "../../../ops/combine.js";
import { gelu } from "../../../ops/gelu.js";
import { hardSigmoid } from "../../../ops/hard-sigmoid.js";
import { hardSwish } from "../../../ops/hard-swish.js";
import { leakyRelu } from "../../../ops/leaky-relu.js";
import { map } from "../../../ops/map.js";
import { relu } from "../../../ops/relu.js";
import { sigmoid } from "../../../ops/sigmoid.js";
import { tanh } from "../../../ops/tanh.js";
import { elementwise } from "./aligned.js";
import type { Build, NodeCall } from "./call.js";
import { reshaped } from "./tensor.js";
import { plus, scalar, times } from "./elementwise.js";

const activation =
  (f: (call: NodeCall) => (x: Value) => Value): Build =>
  (call) =>
    call.each(call.input(0), f(call));
const plain = (f: (x: Value) => Value) => activation(() => f);

const seluAlpha = 1.6732632423543772;
const seluGamma = 1.0507009873554805;

export const activations: Readonly<Record<string, Build>> = {
  Relu: plain((x) => relu({ x })),
  LeakyRelu: activation((call) => {
    const slope = call.float("alpha", 0.01);
    return (x) => (slope >= 0 ? leakyRelu({ x }, { slope }) : combine({ a: x, b: scalar(x, slope) }, { fn: "prelu" }));
  }),
  PRelu: (call) => {
    const [x, slope] = [call.input(0), call.input(1)];
    // Before slopes were broadcast they were one for each channel.
    const perChannel = call.opset < 7 && slope.shape.length === 1 && x.shape.length > 1;
    const spread = perChannel ? reshaped(slope, [slope.shape[0], ...x.shape.slice(2).map(() => 1)]) : slope;
    return elementwise(call, [x, spread], (a, b) => combine({ a, b }, { fn: "prelu" }));
  },
  ThresholdedRelu: activation((call) => (x) => map({ x }, { fn: "thresholdedRelu", alpha: call.float("alpha", 1) })),
  Elu: activation((call) => (x) => map({ x }, { fn: "elu", alpha: call.float("alpha", 1) })),
  Celu: activation((call) => (x) => map({ x }, { fn: "celu", alpha: call.float("alpha", 1) })),
  Selu: activation((call) => (x) => map({ x }, { fn: "selu", alpha: call.float("alpha", seluAlpha), beta: call.float("gamma", seluGamma) })),
  Sigmoid: plain((x) => sigmoid({ x })),
  HardSigmoid: activation((call) => {
    const [alpha, beta] = [call.float("alpha", 0.2), call.float("beta", 0.5)];
    const native = Math.abs(alpha - 1 / 6) < 1e-6 && beta === 0.5;
    return (x) => (native ? hardSigmoid({ x }) : clip({ x: plus(times(x, alpha), beta) }, { low: 0, high: 1 }));
  }),
  HardSwish: plain((x) => hardSwish({ x })),
  Tanh: plain((x) => tanh({ x })),
  Softplus: plain((x) => map({ x }, { fn: "softplus" })),
  Softsign: plain((x) => map({ x }, { fn: "softsign" })),
  Mish: plain((x) => map({ x }, { fn: "mish" })),
  Gelu: activation((call) => {
    const approximate = call.text("approximate", "none");
    return (x) => (approximate === "tanh" ? map({ x }, { fn: "geluTanh" }) : gelu({ x }));
  }),
};
