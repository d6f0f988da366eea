import { leakyRelu } from "../../src/ops/leaky-relu.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(leakyRelu, {
  inputs: { x: [[2, 5, 7, 3], [1, 1, 1, 1], [0, 4], [64]] },
  attributes: [{}, { slope: 0.2 }, { slope: 0 }],
  ranges: { x: [-6, 6] },
  reference: ({ x }, { slope }) => mapValues(x, (v) => (v > 0 ? v : slope * v)),
  elementwise: true,
});
