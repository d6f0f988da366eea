import { tanh } from "../../src/ops/tanh.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(tanh, {
  inputs: { x: [[2, 5, 7, 3], [1, 1, 1, 1], [0, 4], [64]] },
  ranges: { x: [-6, 6] },
  reference: ({ x }) => mapValues(x, Math.tanh),
  elementwise: true,
});
