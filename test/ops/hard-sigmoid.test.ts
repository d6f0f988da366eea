import { hardSigmoid } from "../../src/ops/hard-sigmoid.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(hardSigmoid, {
  inputs: { x: [[2, 5, 7, 3], [1, 1, 1, 1], [0, 4], [64]] },
  ranges: { x: [-6, 6] },
  reference: ({ x }) => mapValues(x, (v) => Math.min(Math.max(v + 3, 0), 6) / 6),
  elementwise: true,
});
