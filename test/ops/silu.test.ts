import { silu } from "../../src/ops/silu.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(silu, {
  inputs: { x: [[2, 5, 7, 3], [1, 1, 1, 1], [0, 4], [64]] },
  ranges: { x: [-6, 6] },
  reference: ({ x }) => mapValues(x, (v) => v / (1 + Math.exp(-v))),
  elementwise: true,
});
