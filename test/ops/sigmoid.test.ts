import { sigmoid } from "../../src/ops/sigmoid.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(sigmoid, {
  inputs: { x: [[2, 5, 7, 3], [1, 1, 1, 1], [0, 4], [64]] },
  ranges: { x: [-6, 6] },
  reference: ({ x }) => mapValues(x, (v) => 1 / (1 + Math.exp(-v))),
  elementwise: true,
});
