import type { Value } from "../graph/graph.js";
import { averagePool } from "../ops/average-pool.js";
import { concat } from "../ops/concat.js";
import { slice } from "../ops/slice.js";

/**
 * x [N, H, W, C] to [N, rows, columns, C] by means over windows, PyTorch's `AdaptiveAvgPool2d`: window i of the rows goes from
 * floor(i H / rows) to ceil((i + 1) H / rows). They overlap, or repeat pixels, where H is no multiple of `rows`.
 */
export function adaptiveAveragePool(x: Value, [rows, columns]: readonly [number, number]): Value {
  const [, height, width] = x.shape;
  if (height === rows && width === columns) return x;
  if (height % rows === 0 && width % columns === 0) return averagePool({ x }, { kernel: [height / rows, width / columns] });
  return alongAxis(alongAxis(x, 1, rows), 2, columns);
}

function alongAxis(x: Value, axis: 1 | 2, size: number): Value {
  const length = x.shape[axis];
  const windows = Array.from({ length: size }, (_, i) => {
    const start = Math.floor((i * length) / size);
    const extent = Math.ceil(((i + 1) * length) / size) - start;
    const at = <T>(value: T, others: readonly T[]) => others.map((other, j) => (j === axis ? value : other));
    const part = slice({ x }, { starts: at(start, [0, 0, 0, 0]), sizes: at(extent, x.shape) });
    return extent === 1 ? part : averagePool({ x: part }, { kernel: axis === 1 ? [extent, 1] : [1, extent] });
  });
  return concat(windows, { axis });
}
