/** 3x3 convolution with stride 1 by Winograd's minimal filtering: see the transforms for size and points. */
import { gemm, panelRow, shareOf } from "../gemm";
import { inputTiles, outputTiles, transformBytes } from "../winograd";

// @ts-ignore: decorator
@inline
const panelColumns: i32 = <i32>(panelRow >> 2);

/**
 * y [batch, outHeight, outWidth, outChannels] = x * weight (+ bias, bounded to low..high); output (0, 0) reads x from
 * (originY, originX). `panels` are those of `winograd_f32_pack`. Units are (block of size x size tiles, panel).
 *
 * `work` holds the transforms' own bytes, then for a block of tiles the inputs [(size + 2)^2][tiles][row bytes], `stepX`
 * bytes a matrix, then the products with up to `together` panels, `stepY` bytes a matrix.
 */
export function conv2d_f32_winograd(
  y: usize, x: usize, panels: usize, bias: usize, work: usize,
  size: i32, batch: i32, height: i32, width: i32, channels: i32, originY: i32, originX: i32, outHeight: i32, outWidth: i32, outChannels: i32,
  blocks: i32, together: i32, row: usize, stepX: usize, stepY: usize, low: f32, high: f32, begin: i32, end: i32,
): void {
  const down = (outHeight + size - 1) / size, across = (outWidth + size - 1) / size, tiles = batch * down * across;
  const points = (size + 2) * (size + 2), perBlock = (outChannels + panelColumns - 1) / panelColumns;
  const panelStep = <usize>channels * panelRow, matrix = <usize>perBlock * panelStep;
  const inputs = work + transformBytes, products = inputs + <usize>points * stepX;
  for (let unit = begin; unit < end; ) {
    const block = unit / perBlock, first = unit - block * perBlock, last = min(perBlock, first + end - unit);
    const tile = shareOf(tiles, blocks, block), m = shareOf(tiles, blocks, block + 1) - tile;
    inputTiles(size, inputs, row, stepX, x, height, width, channels, originY, originX, down, across, tile, m, work);
    for (let panel = first; panel < last; panel += together) {
      const count = min(together, last - panel), n = count * panelColumns, column = panel * panelColumns, ldc = <usize>count * panelRow;
      let a = inputs, b = panels + <usize>panel * panelStep, c = products;
      for (let i = 0; i < points; i++, a += stepX, b += matrix, c += stepY) {
        gemm(m, n, channels, a, row, b, panelStep, c, ldc, 0, 0, 0, -Infinity, Infinity);
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

/** Rows of G, of size 2 and then of size 4: 1, p, p^2 of each point p times a constant. */
const filterRows = memory.data<f64>([
  1, 0, 0, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0, 0, 1,
  1, 0, 0, -2 / 3, -0.4714045207910317, -1 / 3, -2 / 3, 0.4714045207910317, -1 / 3,
  1 / 6, 0.2357022603955158, 1 / 3, 1 / 6, -0.2357022603955158, 1 / 3, 0, 0, 1,
]);

/**
 * Panels of the (size + 2)^2 matrices [depth, columns] of G g G^T, computed in float64: element (k, column) of g's first tap
 * lies at w + k * row + column * apart, the nine taps `tap` bytes apart. Units are panels; columns past the last are zero.
 */
export function winograd_f32_pack(
  panels: usize, w: usize, size: i32, depth: i32, columns: i32, row: usize, apart: usize, tap: usize, begin: i32, end: i32,
): void {
  const taps = size + 2, matrix = <usize>((columns + panelColumns - 1) / panelColumns * depth) * panelRow, rows = filterRows + (size == 2 ? 0 : 96);
  for (let unit = begin; unit < end; unit++) {
    for (let pair = 0; pair < panelColumns; pair += 2) {
      const column = unit * panelColumns + pair, next = column + 1 < columns ? apart : 0;
      const lanes = i64x2(column < columns ? -1 : 0, column + 1 < columns ? -1 : 0);
      let from = w + <usize>min(column, columns - 1) * apart, to = panels + <usize>(unit * depth) * panelRow + (<usize>pair << 2);
      for (let k = 0; k < depth; k++, from += row, to += panelRow) {
        const g0 = twoTaps(from, next, lanes), g1 = twoTaps(from + tap, next, lanes), g2 = twoTaps(from + 2 * tap, next, lanes);
        const g3 = twoTaps(from + 3 * tap, next, lanes), g4 = twoTaps(from + 4 * tap, next, lanes), g5 = twoTaps(from + 5 * tap, next, lanes);
        const g6 = twoTaps(from + 6 * tap, next, lanes), g7 = twoTaps(from + 7 * tap, next, lanes), g8 = twoTaps(from + 8 * tap, next, lanes);
        let at = to;
        for (let i = 0, r = rows; i < taps; i++, r += 24) {
          const a = dot(r, g0, g3, g6), b = dot(r, g1, g4, g7), c = dot(r, g2, g5, g8);
          for (let j = 0, s = rows; j < taps; j++, s += 24, at += matrix) v128.store64_lane(at, f32x4.demote_f64x2_zero(dot(s, a, b, c)), 0);
        }
      }
    }
  }
}

/** A tap of two columns `next` bytes apart, zero where `lanes` says so. */
// @ts-ignore: decorator
@inline
function twoTaps(from: usize, next: usize, lanes: v128): v128 {
  return v128.and(lanes, f64x2(f32.load(from), f32.load(from + next)));
}

/** A row of G times three pairs. */
// @ts-ignore: decorator
@inline
function dot(row: usize, x: v128, y: v128, z: v128): v128 {
  const first = f64x2.add(f64x2.mul(v128.load64_splat(row), x), f64x2.mul(v128.load64_splat(row, 8), y));
  return f64x2.add(first, f64x2.mul(v128.load64_splat(row, 16), z));
}
