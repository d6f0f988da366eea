import { sameShape, sizeOf, type Shape } from "../../core/shape.js";

/** Coordinates of a position that the kernels take. */
const mostCoordinates = 6;

/** How `indices` [..., m, rank] name rows of x: of each of `batch`, by the first `rank` coordinates after the shared axes. */
export interface Positions {
  readonly batch: number;
  /** Rows of x in one of the batch, rows that are named there, and elements of a row. */
  readonly size: number;
  readonly count: number;
  readonly inner: number;
  /** Shape of what the rows are: [..., m, ...row]. */
  readonly rows: Shape;
  /** For the kernels: rank, then sizes of the coordinates. */
  readonly coordinates: readonly number[];
}

/** @param fail left out where a shape rule has checked the shapes before */
export function positionsIn(x: Shape, indices: Shape, batchDims: number, fail: (message: string) => void = () => {}): Positions {
  if (!Number.isInteger(batchDims) || batchDims < 0 || batchDims >= indices.length || !sameShape(x.slice(0, batchDims), indices.slice(0, batchDims)))
    fail(`expected x and indices to share ${batchDims} axes, and indices to have more`);
  const rank = indices[indices.length - 1];
  const own = x.slice(batchDims);
  if (rank > Math.min(own.length, mostCoordinates))
    fail(`expected at most ${Math.min(own.length, mostCoordinates)} coordinates in indices' last axis, got ${rank}`);
  const named = own.slice(0, rank);
  const row = own.slice(rank);
  if (named.includes(0) && sizeOf(indices) > 0) fail("x has no elements to name");
  return {
    batch: sizeOf(x.slice(0, batchDims)),
    size: sizeOf(named),
    count: sizeOf(indices.slice(batchDims, -1)),
    inner: sizeOf(row),
    rows: [...indices.slice(0, -1), ...row],
    coordinates: [rank, ...named, ...new Array<number>(mostCoordinates - rank).fill(1)],
  };
}
