import { normScale, normShift } from "../../src/ops/fold-norm.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(normScale, {
  inputs: { weight: [[1], [7], [64]], variance: [[1], [7], [64]] },
  attributes: [{}, { epsilon: 0.001 }],
  ranges: { variance: [0, 4] },
  reference: ({ weight, variance }, { epsilon }) => mapValues(weight, (value, c) => value / Math.sqrt(variance.data[c] + epsilon)),
});

testOp(normShift, {
  cases: [
    { shapes: { scale: [5], normBias: [5], mean: [5] } },
    { shapes: { scale: [5], normBias: [5], mean: [5], bias: [5] } },
    { shapes: { scale: [64], normBias: [64], mean: [64], bias: [64] } },
  ],
  reference: ({ scale, normBias, mean, bias }) => ({
    ...mapValues(scale, (value, c) => normBias.data[c] + ((bias?.data[c] ?? 0) - mean.data[c]) * value),
    magnitude: scale.data.map((value, c) => Math.abs(normBias.data[c]) + (Math.abs(bias?.data[c] ?? 0) + Math.abs(mean.data[c])) * Math.abs(value)),
    terms: 3,
  }),
});
