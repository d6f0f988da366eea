import { relativePositionBias } from "../../src/ops/relative-position-bias.js";
import { elementAt, positionsOf, testOp } from "../harness/test-op.js";

testOp(relativePositionBias, {
  cases: [
    { shapes: { table: [9, 2] }, attributes: { window: [2, 2] } },
    { shapes: { table: [49, 3] }, attributes: { window: [4, 4] } },
    { shapes: { table: [15, 1] }, attributes: { window: [2, 3] } },
    { shapes: { table: [1, 5] }, attributes: { window: [1, 1] } },
  ],
  reference({ table }, { window: [height, width] }) {
    const shape = [table.shape[1], height * width, height * width];
    const data = positionsOf(shape).map(([head, query, key]) => {
      const down = Math.floor(query / width) - Math.floor(key / width) + height - 1;
      const right = (query % width) - (key % width) + width - 1;
      return elementAt(table, [down * (2 * width - 1) + right, head]);
    });
    return { shape, data: Float64Array.from(data) };
  },
});
