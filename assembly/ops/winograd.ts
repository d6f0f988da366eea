/** 3x3 convolution with stride 1 by Winograd's minimal filtering: see the transforms for size and points. */
import { gemm, gemmTransposed, panelRow, shareOf } from "../gemm";
import { touch } from "../touch";
import { filter, inputTiles, outputTaps, outputTiles, transformBytes } from "../winograd";

// @ts-ignore: decorator
@inline
const panelColumns: i32 = <i32>(panelRow >> 2);

/** Panels up to so many bytes stay in the second-level cache from one block to the next. */
// @ts-ignore: decorator
@inline
const cachedPanels: usize = 1 << 20;

/**
 * y [batch, outHeight, outWidth, outChannels] = x * weight (+ bias, bounded to low..high); output (0, 0) reads x from
 * (originY, originX). `panels` are those of `winograd_f32_pack`, `matrix` bytes each. Units are (block of size x size tiles, panel).
 *
 * `work` holds the transforms' own bytes, then for a block of tiles the inputs [(size + 2)^2][tiles][row bytes], `stepX`
 * bytes a matrix, then the products with up to `together` panels, `stepY` bytes a matrix.
 */
export function conv2d_f32_winograd(
  y: usize, x: usize, panels: usize, bias: usize, work: usize,
  size: i32, batch: i32, height: i32, width: i32, channels: i32, originY: i32, originX: i32, outHeight: i32, outWidth: i32, outChannels: i32,
  matrix: usize, blocks: i32, together: i32, row: usize, stepX: usize, stepY: usize, low: f32, high: f32, begin: i32, end: i32,
): void {
  const down = (outHeight + size - 1) / size, across = (outWidth + size - 1) / size, tiles = batch * down * across;
  const points = (size + 2) * (size + 2), perBlock = (outChannels + panelColumns - 1) / panelColumns;
  const panelStep = <usize>channels * panelRow, far = <usize>points * matrix > cachedPanels;
  const inputs = work + transformBytes, products = inputs + <usize>points * stepX;
  for (let unit = begin; unit < end; ) {
    const block = unit / perBlock, first = unit - block * perBlock, last = min(perBlock, first + end - unit);
    const tile = shareOf(tiles, blocks, block), m = shareOf(tiles, blocks, block + 1) - tile;
    inputTiles(size, size + 2, inputs, row, stepX, x, height, width, channels, originY, originX, down, across, tile, m, work);
    for (let panel = first; panel < last; panel += together) {
      const count = min(together, last - panel), n = count * panelColumns, column = panel * panelColumns, ldc = <usize>count * panelRow;
      let a = inputs, b = panels + <usize>panel * panelStep, c = products;
      for (let i = 0; i < points; i++, a += stepX, b += matrix, c += stepY) {
        if (far) touch(b, <usize>count * panelStep);
        gemm(m, n, channels, a, row, b, panelStep, c, ldc, 0, false, work, -Infinity, Infinity);
      }
      const shift = bias ? bias + (<usize>column << 2) : 0;
      outputTiles(
        size, y + (<usize>column << 2), outHeight, outWidth, outChannels, min(n, outChannels - column),
        products, ldc, stepY, shift, down, across, tile, m, low, high, work,
      );
    }
    unit += last - first;
  }
}

/**
 * For the weight's gradient: transformed windows (window 6) or tiles of dy (window 4) [36][tiles][row bytes], `step` bytes a
 * matrix, of x [.., height, width, channels] from (originY, originX) on. Units are tiles, from the `tile`th on.
 */
export function winograd_f32_windows(
  to: usize, x: usize, work: usize, window: i32, height: i32, width: i32, channels: i32, originY: i32, originX: i32,
  down: i32, across: i32, tile: i32, row: usize, step: usize, begin: i32, end: i32,
): void {
  inputTiles(4, window, to + <usize>begin * row, row, step, x, height, width, channels, originY, originX, down, across, tile + begin, end - begin, work);
}

/**
 * Sums over tiles [36][channels][row bytes], `matrix` bytes each, of transformed windows times transformed tiles of dy, `add`ed to what is there or
 * not. Rows and matrices of both factors are `lda`, `ldb` and `stepA`, `stepB` bytes apart. Units are (matrix, channel).
 */
export function winograd_f32_products(
  sums: usize, a: usize, b: usize, tiles: i32, channels: i32, row: usize, matrix: usize, lda: usize, ldb: usize, stepA: usize, stepB: usize, add: i32,
  begin: i32, end: i32,
): void {
  for (let unit = begin; unit < end; ) {
    const point = unit / channels, from = unit - point * channels, m = min(channels - from, end - unit);
    const c = sums + <usize>point * matrix + <usize>from * row;
    gemmTransposed(
      m, <i32>(row >> 2), tiles, a + <usize>point * stepA + (<usize>from << 2), lda, b + <usize>point * stepB, ldb, panelRow,
      c, row, add ? c : 0, add ? row : 0, 0, 0, -Infinity, Infinity,
    );
    unit += m;
  }
}

/** dw [3, 3, channels, columns] of the sums of `winograd_f32_products`. Units are channels. */
export function conv2d_f32_winograd_backward_weight(
  dw: usize, sums: usize, work: usize, channels: i32, columns: i32, row: usize, matrix: usize, begin: i32, end: i32,
): void {
  const line = <usize>columns << 2;
  for (let c = begin; c < end; c++) outputTaps(dw + <usize>c * line, <usize>channels * line, columns, sums + <usize>c * row, matrix, work);
}

/**
 * Panels of the (size + 2)^2 matrices [depth, columns] of G g G^T, `matrix` bytes each, computed in float64: element (k, column)
 * of g's first tap lies at w + k * row + column * apart, the nine taps `tap` bytes apart. Units are panels; columns past the
 * last are zero.
 */
export function winograd_f32_pack(
  panels: usize, w: usize, work: usize, size: i32, depth: i32, columns: i32, row: usize, apart: usize, tap: usize, matrix: usize,
  begin: i32, end: i32,
): void {
  // Along the lines of memory: whole rows of w where columns are neighbours, else columns.
  const most = apart == 4 ? 2 : 64;
  for (let k = 0; k < depth; k += most) {
    const rows = min(most, depth - k);
    for (let unit = begin; unit < end; unit++) {
      for (let pair = 0; pair < panelColumns; pair += 2) {
        const column = unit * panelColumns + pair;
        const from = w + <usize>k * row + <usize>column * apart, to = panels + <usize>(unit * depth + k) * panelRow + (<usize>pair << 2);
        if (size == 2) filters(2, to, matrix, rows, from, row, apart, tap, columns - column, work);
        else filters(4, to, matrix, rows, from, row, apart, tap, columns - column, work);
      }
    }
  }
}

/** `rows` neighbours in a panel. */
// @ts-ignore: decorator
@inline
function filters(size: i32, to: usize, matrix: usize, rows: i32, from: usize, row: usize, apart: usize, tap: usize, left: i32, work: usize): void {
  for (; rows > 0; rows--, from += row, to += panelRow) filter(size, to, matrix, from, apart, tap, left, work);
}
