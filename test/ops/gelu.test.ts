import { gelu } from "../../src/ops/gelu.js";
import { mapValues, testOp } from "../harness/test-op.js";

testOp(gelu, {
  inputs: { x: [[2, 5, 7, 3], [1, 1, 1, 1], [0, 4], [64]] },
  ranges: { x: [-9, 9] },
  reference: ({ x }) => mapValues(x, (v) => Math.max(v, 0) - (Number.isFinite(v) ? Math.abs(v) : 0) * normalTail(Math.abs(v))),
  elementwise: true,
});

/** Phi(-a): near 0 by the series of Abramowitz & Stegun 26.2.10, else by the continued fraction 26.2.14. */
function normalTail(a: number): number {
  if (Number.isNaN(a)) return a;
  const density = Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI);
  if (a > 2.5) {
    let fraction = a;
    for (let k = 200; k > 0; k--) fraction = a + k / fraction;
    return density / fraction;
  }
  let sum = 0;
  for (let n = 0, term = a; n < 100; n++, term *= (-a * a) / (2 * n)) sum += term / (2 * n + 1);
  return 0.5 - sum / Math.sqrt(2 * Math.PI);
}
