import { fill } from "../../src/ops/fill.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(fill, {
  inputs: { x: [[2, 3, 5], [1], [0, 4]] },
  attributes: [{}, { value: -1.5 }, { value: Infinity }],
  reference: ({ x }, { value }) => mapValues(x, () => value),
});
