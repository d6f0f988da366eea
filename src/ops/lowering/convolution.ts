/** Convolutions as matrix products over an im2col matrix that is made block by block. */
import type { Value } from "../../graph/graph.js";
import type { Emitter, Walk } from "../../graph/op.js";
import { collides, lineBytesOf, panelRowOf, panelsOf, pixelBlocksOf, rowSliceOf, rowsBefore, sliceOf, tileBytesOf } from "./product.js";
import { linesRead, walkRows } from "./walk.js";

/** Rows of dweight that share one pass over the pixels: a block of 128 pixels x 512 floats stays in the second-level cache. */
const mostRows = 512;
/** Bytes that copying rows in whole vectors may write past the last. */
const overrun = 64;

/** A convolution over a lattice of output pixels; see the kernel for `reads` and `writes`. */
export function lowerConvolution(
  emit: Emitter,
  { x, panels, bias, y }: { x: Value; panels: ReturnType<Emitter["derived"]>; bias?: Value; y: Value },
  groups: number,
  reads: readonly number[],
  lattice: readonly number[],
  writes: readonly number[],
  low = -Infinity,
  high = Infinity,
): void {
  const depth = (reads[0] * reads[1] * x.shape[3]) / groups;
  const columns = y.shape[3] / groups;
  const pixels = x.shape[0] * lattice[0] * lattice[1];
  const { blocks, most } = pixelBlocksOf(pixels, columns, depth, emit.build);
  const slice = sliceOf(depth);
  const row = lineBytesOf(slice);
  const tileBytes = tileBytesOf(emit.build);
  const stage = writes.join() === "0,0,1,1" ? 0 : tileBytes + most * row + overrun;
  const work = emit.workspace(tileBytes + most * row + overrun + (stage ? most * columns * 4 + overrun : 0));
  emit.call(
    "conv2d_f32",
    [
      y,
      x,
      panels,
      bias ?? 0,
      work,
      ...x.shape.slice(1),
      groups,
      ...reads,
      x.shape[0],
      ...lattice,
      ...y.shape.slice(1),
      ...writes,
      blocks,
      slice,
      row,
      stage,
      low,
      high,
    ],
    groups * blocks * panelsOf(columns, emit.build),
    groups === 1 && !stage ? walkPixels(x, y, reads, lattice, (step) => rowsBefore(pixels, blocks, step, emit.build), blocks) : undefined,
  );
}

/** A convolution makes all output pixels in order, `pixelsAt(s)` in the first s of its blocks. */
function walkPixels(
  x: Value,
  y: Value,
  [kh, , origin, , tap, , stride]: readonly number[],
  [outHeight, outWidth]: readonly number[],
  pixelsAt: (step: number) => number,
  blocks: number,
): Walk {
  const window = { origin, stride, reach: (kh - 1) * tap + 1, outHeight };
  const reads = [linesRead(x, window, (step) => Math.ceil(pixelsAt(step) / outWidth))];
  return { ...walkRows(x.shape[0] * outHeight * outWidth, blocks, pixelsAt, { writes: [y] }), reads, product: true };
}

/**
 * dweight [kh * kw * C / groups, out] of x [.., H, W, C] with `size` [H, W, C] and dy over `lattice` [N, OH, OW, out]; see the
 * kernel for `reads`.
 */
export function lowerConvolutionBackwardWeight(
  emit: Emitter,
  { x, dy, dweight }: { x: Value; dy: Value; dweight: Value },
  size: readonly number[],
  groups: number,
  reads: readonly number[],
  lattice: readonly number[],
): void {
  const depth = (reads[0] * reads[1] * size[2]) / groups;
  const most = Math.min(depth, mostRows);
  const slice = rowSliceOf(most);
  const pack = collides(lattice[3] * 4);
  const row = lineBytesOf(most);
  const work = emit.workspace(tileBytesOf(emit.build) + (pack ? slice * panelRowOf(emit.build) : 0) + slice * row + overrun);
  emit.call("conv2d_f32_backward_weight", [dweight, x, dy, work, ...size, groups, ...reads, ...lattice, slice, most, row, +pack], groups * depth);
}
