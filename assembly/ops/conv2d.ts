import { farFloats, gemm, gemmTransposed, panelRow, panelsOf, rowsBefore, tileBytes } from "../gemm";
import { im2col } from "../im2col";
import { panelColumns } from "../simd";

/**
 * Convolution of x [batch, height, width, channels] with packed weights of `groups` matrices [kh * kw * channels / groups,
 * outChannels / groups], over a lattice of latticeH x latticeW pixels an image: see `im2col` for what a lattice point
 * reads. Its sum (+ bias, bounded to low..high) goes to pixel (outY + j * outStepY, outX + i * outStepX) of
 * y [batch, outHeight, outWidth, outChannels]. Units are (group, block of pixels, panel).
 *
 * `work` holds tiles, a block of the im2col matrix [pixels, slice] with rows `row` bytes apart and, at `stage` bytes
 * unless that is 0, a block of results [pixels, outChannels / groups] to be spread over a lattice with gaps.
 */
export function conv2d_f32(
  y: usize, x: usize, panels: usize, bias: usize, work: usize,
  height: i32, width: i32, channels: i32, groups: i32, kh: i32, kw: i32,
  originY: i32, originX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  batch: i32, latticeH: i32, latticeW: i32, outHeight: i32, outWidth: i32, outChannels: i32,
  outY: i32, outX: i32, outStepY: i32, outStepX: i32,
  blocks: i32, slice: i32, row: usize, stage: usize, low: f32, high: f32, begin: i32, end: i32,
): void {
  const perGroup = channels / groups, columns = outChannels / groups, depth = kh * kw * perGroup;
  const perBlock = panelsOf(columns), panelStep = <usize>depth * panelRow, pixels = batch * latticeH * latticeW;
  const far = columns * depth >= farFloats, matrix = work + tileBytes, ldy = <usize>outChannels << 2;
  for (let unit = begin; unit < end; ) {
    const index = unit / perBlock, first = unit - index * perBlock, count = min(perBlock - first, end - unit);
    const group = index / blocks, block = index - group * blocks;
    const pixel = rowsBefore(pixels, blocks, block), m = rowsBefore(pixels, blocks, block + 1) - pixel;
    const n = min(columns - first * panelColumns, count * panelColumns), column = group * columns + first * panelColumns;
    const ldc = stage ? <usize>n << 2 : ldy;
    const c = stage ? work + stage : y + <usize>pixel * ldy + (<usize>column << 2);
    const b = panels + <usize>(group * perBlock + first) * panelStep;
    let k = 0;
    do {
      const part = min(slice, depth - k), last = k + part >= depth;
      im2col(
        matrix, row, x + (<usize>(group * perGroup) << 2), height, width, channels, perGroup, kw,
        originY, originX, tapY, tapX, strideY, strideX, latticeH, latticeW, pixel, m, k, k + part,
      );
      const shift = last && bias ? bias + (<usize>column << 2) : 0, lo: f32 = last ? low : -Infinity, hi: f32 = last ? high : Infinity;
      const after = far ? b + <usize>(last ? 0 : k + part) * panelRow : 0;
      gemm(m, n, part, matrix, row, b + <usize>k * panelRow, panelStep, c, ldc, shift, k > 0, work, lo, hi, 0, 0, after);
      k += slice;
    } while (k < depth);
    if (stage) {
      let from = c;
      for (let p = pixel; p < pixel + m; p++, from += ldc) {
        const line = p / latticeW, image = line / latticeH;
        const oy = outY + (line - image * latticeH) * outStepY, ox = outX + (p - line * latticeW) * outStepX;
        copyFloats(y + <usize>((image * outHeight + oy) * outWidth + ox) * ldy + (<usize>column << 2), from, n);
      }
    }
    unit += count;
  }
}

/**
 * dw [kh * kw * channels / groups, outChannels] = im2col(x)^T dy, pixel by pixel in order; dy has a row for each of the
 * lattice's points. Units are (group, row of dw). `work` holds tiles, with `packed` one panel of `slice` pixels of dy,
 * and the columns of the im2col matrix that belong to up to `most` rows of dw.
 */
export function conv2d_f32_backward_weight(
  dw: usize, x: usize, dy: usize, work: usize,
  height: i32, width: i32, channels: i32, groups: i32, kh: i32, kw: i32,
  originY: i32, originX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  batch: i32, latticeH: i32, latticeW: i32, outChannels: i32,
  slice: i32, most: i32, row: usize, packed: i32, begin: i32, end: i32,
): void {
  const perGroup = channels / groups, columns = outChannels / groups, depth = kh * kw * perGroup, pixels = batch * latticeH * latticeW;
  const ldc = <usize>outChannels << 2;
  const panel = packed ? work + tileBytes : 0, matrix = work + tileBytes + (packed ? <usize>slice * panelRow : 0);
  for (let unit = begin; unit < end; ) {
    const group = unit / depth, from = unit - group * depth, m = min(min(depth - from, end - unit), most);
    const c = dw + <usize>from * ldc + (<usize>(group * columns) << 2), b = dy + (<usize>(group * columns) << 2);
    let k = 0;
    do {
      const part = min(slice, pixels - k);
      im2col(
        matrix, row, x + (<usize>(group * perGroup) << 2), height, width, channels, perGroup, kw,
        originY, originX, tapY, tapX, strideY, strideX, latticeH, latticeW, k, part, from, from + m,
      );
      gemmTransposed(m, columns, part, matrix, row, b + <usize>k * ldc, ldc, panelRow, c, ldc, k ? c : 0, k ? ldc : 0, work, panel, -Infinity, Infinity);
      k += slice;
    } while (k < pixels);
    unit += m;
  }
}

/** Exactly `size` floats. */
function copyFloats(to: usize, from: usize, size: i32): void {
  for (; size >= 4; size -= 4, to += 16, from += 16) v128.store(to, v128.load(from));
  for (; size > 0; size--, to += 4, from += 4) f32.store(to, f32.load(from));
}
