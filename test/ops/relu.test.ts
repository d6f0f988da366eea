import { relu } from "../../src/ops/relu.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(relu, {
  inputs: { x: [[2, 5, 7, 3], [1, 1, 1, 1], [0, 4], [64]] },
  reference: ({ x }) => mapValues(x, (v) => Math.max(v, 0)),
  elementwise: true,
});
