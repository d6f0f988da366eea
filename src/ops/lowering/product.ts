/** How matrix products are cut into blocks. Everything follows from shapes alone, never from threads or batch timing. */
import type { Build } from "../../core/build.js";
import type { Value } from "../../graph/graph.js";
import type { Emitter, Scratch } from "../../graph/op.js";
import { walkRows } from "./walk.js";

/** A panel of up to 768 rows (24 kB) and six rows of A stay in the first-level cache; deeper products go in slices. */
const deepest = 768;
const sliceDepth = 512;

/** Columns of a packed panel and of a tile. */
const panelColumns = (build: Build) => (build === "turbo" ? 16 : 8);

/** Bytes of one row of a panel. */
export const panelRowOf = (build: Build) => panelColumns(build) * 4;

/** Bytes of the tiles that a kernel needs, for the last columns and for a block's sums: each at most 6 rows, in whole cache lines. */
export const tileBytesOf = (build: Build) => (build === "turbo" ? 768 : 512);

/** Panels of a matrix with so many columns. */
export const panelsOf = (columns: number, build: Build) => Math.ceil(columns / panelColumns(build));

/** Bytes of a packed matrix [depth, columns]. */
export const panelBytesOf = (depth: number, columns: number, build: Build) => panelsOf(columns, build) * depth * panelRowOf(build);

/** Blocks of a quantised convolution's pixels, which are shared evenly over them: 60 rows x 768 bytes of the im2col matrix. */
export const blocksOf = (rows: number) => Math.ceil(rows / 60);

/** Rows of a tile; see `tileRows` of the kernels. */
const tileRows = (build: Build) => (build === "simd" ? 5 : 6);

/** Floats of panels from which on they hardly stay in the second-level cache; see `farFloats` of the kernels. */
const farFloats = 2 ** 17;

/**
 * Tiles of rows that share a pass over the panels. They have 24 kB of A, which stay in the first-level cache while panels stream past, but
 * are at least two and at most twelve; `far` where panels come from further away than A, and each had better be used often.
 */
const tilesOf = (columns: number, depth: number, far: number, build: Build) =>
  columns * depth < farFloats ? Math.min(Math.max(Math.floor(6144 / (sliceOf(depth) * tileRows(build))), 2), 12) : far;

/**
 * How a product's rows are cut, in whole tiles, of which at most 34 (200 rows x 512 floats of A) share a pass. Threads share parts of rows
 * and panels: with few rows and many panels, panels alone.
 */
export function rowBlocksOf(rows: number, columns: number, depth: number, build: Build): { parts: number; blocks: number } {
  const blocks = Math.ceil(Math.ceil(rows / tileRows(build)) / tilesOf(columns, depth, 34, build));
  return rows <= 196 && panelsOf(columns, build) >= 8 ? { parts: 1, blocks } : { parts: blocks, blocks: 1 };
}

/** How a convolution's pixels are cut: `most` in a block. At most 17 tiles share a pass, or threads would make the same im2col matrix twice. */
export function pixelBlocksOf(pixels: number, columns: number, depth: number, build: Build): { blocks: number; most: number } {
  const tiles = Math.ceil(pixels / tileRows(build));
  const blocks = Math.ceil(tiles / tilesOf(columns, depth, 17, build));
  return { blocks, most: Math.ceil(tiles / Math.max(blocks, 1)) * tileRows(build) };
}

/** Rows before block `i` when whole tiles are shared evenly over `blocks`; as in the kernels. */
export function rowsBefore(rows: number, blocks: number, i: number, build: Build): number {
  const tiles = Math.ceil(rows / tileRows(build));
  return Math.floor((rows * Math.floor((tiles * i) / blocks)) / tiles);
}

/** Steps of k that are summed in one go. */
export const sliceOf = (depth: number) => (depth <= deepest ? Math.max(depth, 1) : Math.ceil(depth / Math.ceil(depth / sliceDepth)));

/** Steps of k for a product over the rows of both factors, of which one has `width` columns: 64 to 256 rows of it stay in the second-level cache. */
export const rowSliceOf = (width: number) => Math.min(256, Math.max(64, Math.floor(65536 / Math.max(width, 1))));

/** Rows this many bytes apart share few cache sets; such operands are copied before they are reused. */
export const collides = (bytes: number) => bytes % 2048 === 0;

/** Panels of a weight [depth, groups * columns]. */
export function packed(emit: Emitter, weight: Value, depth: number, columns: number, groups = 1): Scratch {
  return emit.derived(weight, `panels ${groups}`, groups * panelBytesOf(depth, columns, emit.build), (fill, target) =>
    fill.call("pack_f32", [target, weight, depth, columns, groups * columns * 4, columns * 4], groups * panelsOf(columns, emit.build)),
  );
}

/** Panels of `count` matrices [depth, columns] that follow each other in `source`, or are stored transposed. */
export function packedMatrices(emit: Emitter, source: Value, count: number, depth: number, columns: number, transposed: boolean): Scratch {
  return emit.derived(source, `matrices ${count} ${transposed}`, count * panelBytesOf(depth, columns, emit.build), (fill, target) => {
    const bytes = depth * columns * 4;
    if (transposed)
      fill.call("pack_f32_transposed", [target, source, 1, columns, depth, depth * 4, bytes, 1, 1, 0, 0, 1, 1], count * panelsOf(columns, emit.build));
    else fill.call("pack_f32", [target, source, depth, columns, columns * 4, bytes], count * panelsOf(columns, emit.build));
  });
}

/** Bytes between rows of `floats` floats: an odd number of cache lines, so that rows spread over all sets. */
export const lineBytesOf = (floats: number) => (Math.ceil(floats / 16) | 1) * 64;

/** y[rows, columns] = bias + a[rows, depth] x panels, bounded to low..high. */
export function productCall(
  emit: Emitter,
  {
    y,
    a,
    panels,
    bias,
    rows,
    columns,
    depth,
    low = -Infinity,
    high = Infinity,
  }: { y: Value; a: Value; panels: Scratch; bias?: Value; rows: number; columns: number; depth: number; low?: number; high?: number },
): void {
  const { parts, blocks } = rowBlocksOf(rows, columns, depth, emit.build);
  const tile = emit.workspace(tileBytesOf(emit.build));
  emit.call(
    "matmul_f32",
    [y, a, panels, bias ?? 0, tile, rows, columns, depth, 0, 0, 0, parts, blocks, sliceOf(depth), low, high],
    parts * panelsOf(columns, emit.build),
    { ...walkRows(rows, parts, (step) => rowsBefore(rows, parts, step, emit.build), { reads: [a], writes: [y] }), product: true },
  );
}
