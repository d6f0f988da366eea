import { clip } from "../../src/ops/clip.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(clip, {
  inputs: {
    x: [
      [2, 5, 7, 3],
      [1, 1, 1, 1],
      [0, 4],
    ],
  },
  attributes: [{ low: 0 }, { low: 0, high: 6 }, { low: -1, high: 1 }],
  ranges: { x: [-4, 9] },
  reference: ({ x }, { low, high }) => mapValues(x, (v) => Math.min(Math.max(v, low), high)),
  elementwise: true,
});
