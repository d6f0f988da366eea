import { panelRow, panelsOf, shareOf, tileBytes } from "../../gemm";
import { im2colBytes } from "../../im2col-bytes";
import { byteRow1x32, byteRows1, byteRows2, byteRows3, byteRows4, byteRows5, byteRows6 } from "../../microkernels-bytes";
import { shiftTo, storeTile } from "../../requantize";
import { operandBytes, panelColumns, tileRows } from "../../simd";

// Exported functions stay functions: the optimiser would merge the micro-kernels into their only caller, which then spills.
export * from "../../microkernels-bytes";
export { im2colBytes, storeTile };

/** Weights of a column that one step of k takes. */
const perStep: i32 = 4 / operandBytes;

/**
 * int8 weights [depth, columns] as panels [steps][panelColumns][perStep] of operands for `dotAdd`, zeros past the last row and
 * column. Units are panels.
 */
export function pack_i8(panels: usize, weight: usize, depth: i32, columns: i32, begin: i32, end: i32): void {
  const steps = (depth + perStep - 1) / perStep;
  let to = panels + <usize>begin * steps * panelRow;
  for (let first = begin * panelColumns; first < end * panelColumns; first += panelColumns) {
    for (let k = 0; k < steps * perStep; k += perStep) {
      for (let column = first; column < first + panelColumns; column++) {
        for (let i = k; i < k + perStep; i++, to += operandBytes) {
          const value = i < depth && column < columns ? load<i8>(weight + <usize>i * columns + column) : 0;
          if (operandBytes == 1) store<i8>(to, value);
          else store<i16>(to, value);
        }
      }
    }
  }
}

/**
 * What turns int32 sums into results, per column of an int8 weight [depth, columns] whose real values are weight * scale:
 * `bias` in units of scale * inScale, less what inputs of `inZero` sum to and what a residual's zero point adds, and
 * multiplier = scale * inScale / outScale. Both are rounded once, from float64, and are zero past the last column. Units are columns.
 */
export function requantization_i8(
  sums: usize, multiplier: usize, weight: usize, scale: usize, bias: usize, depth: i32, columns: i32,
  inScale: f64, inZero: i32, outScale: f64, residualShift: f64, begin: i32, end: i32,
): void {
  for (let column = begin; column < end; column++) {
    let start = 0, factor: f32 = 0;
    if (column < columns) {
      let total = 0;
      for (let i = 0; i < depth; i++) total += load<i8>(weight + <usize>i * columns + column);
      const unit = inScale * <f64>load<f32>(scale + (<usize>column << 2));
      const shift = (bias ? <f64>load<f32>(bias + (<usize>column << 2)) : 0) - residualShift;
      start = <i32>min(max(nearest(shift / unit), -mostBias), mostBias) - total * inZero;
      factor = <f32>(unit / outScale);
    }
    store<i32>(sums + (<usize>column << 2), start);
    store<f32>(multiplier + (<usize>column << 2), factor);
  }
}

/** Keeps bias + sum within int32. */
const mostBias: f64 = 1073741824;

/**
 * Convolution of activations x [batch, height, width, channels] of 0..127 with packed int8 weights, over outHeight x outWidth
 * pixels an image: see `im2col` for what a pixel reads; `pad` stands outside. The sums start at `bias` and are stored as
 * requantize.ts says, on `zero`. Units are (block of pixels, panel). `work` holds a tile and a block of the im2col matrix with
 * rows `row` bytes apart; with `row` 0 the pixels of x are its rows as they stand.
 */
export function conv2d_u8(
  y: usize, x: usize, panels: usize, bias: usize, multiplier: usize, residual: usize, work: usize,
  height: i32, width: i32, channels: i32, kh: i32, kw: i32, originY: i32, originX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  batch: i32, outHeight: i32, outWidth: i32, outChannels: i32, blocks: i32, row: usize, pad: i32,
  zero: i32, factor: f32, low: f32, high: f32, floats: i32, begin: i32, end: i32,
): void {
  const perBlock = panelsOf(outChannels), pixels = batch * outHeight * outWidth, shift = shiftTo(zero);
  const steps = (kh * kw * channels + perStep - 1) / perStep, panelStep = <usize>steps * panelRow;
  const element = floats ? 2 : 0, ldy = <usize>outChannels << element, matrix = work + tileBytes;
  for (let unit = begin; unit < end; ) {
    const block = unit / perBlock, first = unit - block * perBlock, count = min(perBlock - first, end - unit);
    const pixel = shareOf(pixels, blocks, block), m = shareOf(pixels, blocks, block + 1) - pixel;
    let a = x + <usize>pixel * channels, lda = <usize>channels;
    if (row) {
      im2colBytes(matrix, row, x, height, width, channels, kh, kw, originY, originX, tapY, tapX, strideY, strideX, outHeight, outWidth, pixel, m, pad);
      a = matrix;
      lda = row;
    }
    const start = <usize>pixel * outChannels;
    const tiles = (m + tileRows - 1) / tileRows, rows = m / max(tiles, 1), taller = m - rows * tiles;
    for (let panel = first; panel < first + count; ) {
      const column = panel * panelColumns, left = outChannels - column, at = start + column;
      const b = panels + <usize>panel * panelStep, init = bias + (<usize>column << 2), scale = multiplier + (<usize>column << 2);
      if (m == 1 && left >= 32 && panel + 32 / panelColumns <= first + count) {
        byteRow1x32(steps, a, b, panelStep, work, init);
        for (let i: usize = 0; i < 32; i += panelColumns) {
          storeTile(y + (at + i << element), ldy, work + (i << 2), 1, panelColumns, scale + (i << 2), residual ? residual + at + i : 0, factor, shift, low, high, floats);
        }
        panel += 32 / panelColumns;
        continue;
      }
      let pa = a, py = y + (at << element), pr = residual ? residual + at : 0;
      for (let i = 0; i < tiles; i++) {
        const tall = rows + i32(i < taller);
        byteTile(tall, steps, pa, lda, b, work, init);
        storeTile(py, ldy, work, tall, min(left, panelColumns), scale, pr, factor, shift, low, high, floats);
        pa += <usize>tall * lda;
        py += <usize>tall * ldy;
        if (pr) pr += <usize>tall * ldy;
      }
      panel++;
    }
    unit += count;
  }
}

function byteTile(height: i32, steps: i32, a: usize, lda: usize, b: usize, tile: usize, init: usize): void {
  if (tileRows == 6 && height == 6) byteRows6(steps, a, lda, b, tile, init);
  else if (height == 5) byteRows5(steps, a, lda, b, tile, init);
  else if (height == 4) byteRows4(steps, a, lda, b, tile, init);
  else if (height == 3) byteRows3(steps, a, lda, b, tile, init);
  else if (height == 2) byteRows2(steps, a, lda, b, tile, init);
  else byteRows1(steps, a, lda, b, tile, init);
}
