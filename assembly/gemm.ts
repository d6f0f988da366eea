/**
 * The matrix product behind dense layers and convolutions. C is made in tiles of up to `tileRows` x `panelColumns`; every element is a sum in the order
 * of k, whatever the tiling, so the bits do not depend on who computes which part. Callers cut a long k into slices. `gemm` adds up the slices' sums,
 * because the rounding error of one long sum grows with its length; `gemmTransposed`, for gradients, goes on with the same sum, however it is cut.
 */
import {
  row1x32, rows1, rows1half, rows2, rows2half, rows3, rows3half, rows4, rows4half, rows5, rows5half, rows6, rows6half,
} from "./microkernels-rows";
import {
  strided1, strided1half, strided2, strided2half, strided3, strided3half, strided4, strided4half, strided5, strided5half, strided6, strided6half,
} from "./microkernels-strided";
import { clamp, panelColumns, tileRows, touches, zeros } from "./simd";
import { touch } from "./touch";

/** Bytes of one row of a panel. */
// @ts-ignore: decorator
@inline
export const panelRow: usize = <usize>panelColumns << 2;

/** Bytes of a tile, in whole cache lines. */
// @ts-ignore: decorator
@inline
const tileStep: usize = panelColumns == 16 ? 384 : 256;

/** Bytes that a workspace sets aside for tiles: one of the last columns and one of a slice's sums. */
// @ts-ignore: decorator
@inline
export const tileBytes: usize = 2 * tileStep;

/** Panels of a matrix with so many columns. */
// @ts-ignore: decorator
@inline
export function panelsOf(columns: i32): i32 {
  return (columns + panelColumns - 1) / panelColumns;
}

/** Floats of panels from which on they hardly stay in the second-level cache. */
// @ts-ignore: decorator
@inline
export const farFloats: i32 = 1 << 17;

/** Tiles that must share a panel from far away, or it is multiplied sooner than the next can come. */
const leastTiles = 4;

/** Elements before part `i` when `size` is shared evenly over `parts`. */
export function shareOf(size: i32, parts: i32, i: i32): i32 {
  return <i32>((<i64>size * i) / parts);
}

/** Rows before block `i` when the tiles of `rows` rows are shared evenly over `blocks`. */
export function rowsBefore(rows: i32, blocks: i32, i: i32): i32 {
  const tiles = (rows + tileRows - 1) / tileRows;
  return shareOf(rows, tiles, shareOf(tiles, blocks, i));
}

/**
 * C[m, n] = A[m, k] B[k, n] + bias, with `add` C + A B + bias, bounded to low..high. `a` is A row by row, `lda` bytes apart. B lies in panels
 * [k][panelColumns], `panelStep` bytes apart, the last one padded. `bias` is a row or 0. `tiles` holds two tiles. The `bytes` from
 * `ahead` on are needed next. Where panels come from beyond the second-level cache, `after` is the one that is needed after the last
 * (else 0): each is then touched while the one before it is multiplied.
 */
export function gemm(
  m: i32, n: i32, k: i32, a: usize, lda: usize, panels: usize, panelStep: usize, c: usize, ldc: usize,
  bias: usize, add: bool, tiles: usize, low: f32, high: f32, ahead: usize = 0, bytes: usize = 0, after: usize = 0,
): void {
  const bounded = low > -Infinity || high < Infinity;
  const count = (m + tileRows - 1) / tileRows, rows = m / max(count, 1), taller = m - rows * count, tall = <usize>(taller * (rows + 1));
  const sums = add ? tiles + tileStep : 0;
  let column = 0;
  if (m == 1) {
    for (; column + 32 <= n; column += 32, c += 128, panels += (32 / panelColumns) * panelStep) {
      row1x32(k, a, panels, panelStep, add ? sums : c, add ? 0 : bias);
      if (add) for (let i: usize = 0; i < 128; i += 16) addSums(c + i, sums + i, bias ? bias + i : zeros);
      if (bounded) clampTile(false, c, panelRow, 32 / panelColumns, low, high);
      if (bias) bias += 128;
    }
  }
  if (count < leastTiles) after = 0;
  if (after) bytes = <usize>k * panelRow;
  const pace = paceOf(bytes, count * (after ? 1 : panelsOf(n)) * k, k);
  let last = ahead + bytes - pace * k, at = pace ? ahead : a;
  for (; column < n; column += panelColumns) {
    if (after) {
      at = column + panelColumns < n ? panels + panelStep : after;
      last = at + bytes - pace * k;
      if (!touches || column == 0) touch(panels, bytes);
    }
    const left = n - column, half = isHalf(left);
    if (left >= panelColumns || (half && left == 8)) {
      at = rowTiles(half, taller, rows + 1, k, a, lda, panels, c, ldc, bias, sums, at, pace, last);
      at = rowTiles(half, count - taller, rows, k, a + tall * lda, lda, panels, c + tall * ldc, ldc, bias, sums, at, pace, last);
      if (bounded) clampTile(half, c, ldc, m, low, high);
    } else {
      let pa = a, pc = c;
      for (let i = 0; i < count; i++) {
        const height = rows + i32(i < taller);
        if (add) copyTile(tiles, panelRow, pc, ldc, height, left);
        at = rowTiles(half, 1, height, k, pa, lda, panels, tiles, panelRow, bias, sums, at, pace, last);
        if (bounded) clampTile(half, tiles, panelRow, height, low, high);
        copyTile(pc, ldc, tiles, panelRow, height, left);
        pa += <usize>height * lda;
        pc += <usize>height * ldc;
      }
    }
    panels += panelStep;
    c += panelRow;
    if (bias) bias += panelRow;
  }
}

/**
 * C[m, n] = init + A[k, m]^T B[k, n]. Rows of `a` and `b` are `lda` and `ldb` bytes apart, panels of columns of B
 * `panelStep` bytes. With `packed` (k rows of a panel) each panel is first copied there: for strides that collide in the cache.
 */
export function gemmTransposed(
  m: i32, n: i32, k: i32, a: usize, lda: usize, b: usize, ldb: usize, panelStep: usize, c: usize, ldc: usize,
  init: usize, ldi: usize, tile: usize, packed: usize, low: f32, high: f32,
): void {
  const bounded = low > -Infinity || high < Infinity;
  const tiles = (m + tileRows - 1) / tileRows, rows = m / max(tiles, 1), taller = m - rows * tiles, tall = <usize>(taller * (rows + 1));
  for (let column = 0; column < n; column += panelColumns) {
    let pb = b, stepB = ldb;
    if (packed) {
      copyPanel(packed, b, ldb, k);
      pb = packed;
      stepB = panelRow;
    }
    const left = n - column, half = isHalf(left);
    if (left >= panelColumns || (half && left == 8)) {
      stridedTiles(half, taller, rows + 1, k, a, lda, pb, stepB, c, ldc, init, ldi);
      stridedTiles(half, tiles - taller, rows, k, a + (tall << 2), lda, pb, stepB, c + tall * ldc, ldc, init + tall * ldi, ldi);
      if (bounded) clampTile(half, c, ldc, m, low, high);
    } else {
      let pa = a, pc = c, pi = init;
      for (let i = 0; i < tiles; i++) {
        const height = rows + i32(i < taller);
        stridedTiles(half, 1, height, k, pa, lda, pb, stepB, tile, panelRow, pi, ldi);
        if (bounded) clampTile(half, tile, panelRow, height, low, high);
        copyTile(pc, ldc, tile, panelRow, height, left);
        pa += <usize>height << 2;
        pc += <usize>height * ldc;
        pi += <usize>height * ldi;
      }
    }
    b += panelStep;
    c += panelRow;
    if (init) init += panelRow;
  }
}

/** Whether the last `left` columns need only half of a panel of 16. */
// @ts-ignore: decorator
@inline
function isHalf(left: i32): bool {
  return panelColumns == 16 && left <= 8;
}

/** Bytes to touch a step so that `steps` steps, in calls of k, reach all of `bytes`; 0 where one call would go past them. */
function paceOf(bytes: usize, steps: usize, k: usize): usize {
  const pace = (bytes + steps - 1) / max(steps, 1);
  return touches && pace * k <= bytes ? pace : 0;
}

/**
 * Tiles of one height below each other, made at `sums` and added to C unless that is 0. The bias comes last: where it takes away a large mean, as a folded
 * batch norm's does, all sums would else be rounded like that mean. Each tile touches `pace` bytes a step from `at` on, at most from `last`; gives where
 * the next goes on.
 */
function rowTiles(
  half: bool, tiles: i32, height: i32, k: i32, a: usize, lda: usize, b: usize, c: usize, ldc: usize, bias: usize, sums: usize,
  at: usize, pace: usize, last: usize,
): usize {
  const stepA = <usize>height * lda, stepC = <usize>height * ldc, touched = pace * k, ldt = sums ? panelRow : ldc, init = sums ? 0 : bias;
  for (; tiles > 0; tiles--, a += stepA, c += stepC, at = min(at + touched, last)) {
    const to = sums ? sums : c;
    // One row of bias under all: a stride of 0 that the optimiser knew of would make it load that row once, and pairs of vectors would not be joined.
    if (panelColumns == 16 && half) {
      if (tileRows == 6 && height == 6) rows6half(k, a, lda, b, to, ldt, init, 0, at, pace);
      else if (height == 5) rows5half(k, a, lda, b, to, ldt, init, 0, at, pace);
      else if (height == 4) rows4half(k, a, lda, b, to, ldt, init, 0, at, pace);
      else if (height == 3) rows3half(k, a, lda, b, to, ldt, init, 0, at, pace);
      else if (height == 2) rows2half(k, a, lda, b, to, ldt, init, 0, at, pace);
      else rows1half(k, a, lda, b, to, ldt, init, 0, at, pace);
    } else {
      if (tileRows == 6 && height == 6) rows6(k, a, lda, b, to, ldt, init, 0, at, pace);
      else if (height == 5) rows5(k, a, lda, b, to, ldt, init, 0, at, pace);
      else if (height == 4) rows4(k, a, lda, b, to, ldt, init, 0, at, pace);
      else if (height == 3) rows3(k, a, lda, b, to, ldt, init, 0, at, pace);
      else if (height == 2) rows2(k, a, lda, b, to, ldt, init, 0, at, pace);
      else rows1(k, a, lda, b, to, ldt, init, 0, at, pace);
    }
    if (sums) addTile(half, c, ldc, sums, bias, height);
  }
  return at;
}

/** Tiles of one height below each other. */
function stridedTiles(
  half: bool, tiles: i32, height: i32, k: i32, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize, init: usize, ldi: usize,
): void {
  const stepA = <usize>height << 2, stepC = <usize>height * ldc, stepI = <usize>height * ldi;
  for (; tiles > 0; tiles--, a += stepA, c += stepC, init += stepI) {
    if (panelColumns == 16 && half) {
      if (tileRows == 6 && height == 6) strided6half(k, a, lda, b, ldb, c, ldc, init, ldi);
      else if (height == 5) strided5half(k, a, lda, b, ldb, c, ldc, init, ldi);
      else if (height == 4) strided4half(k, a, lda, b, ldb, c, ldc, init, ldi);
      else if (height == 3) strided3half(k, a, lda, b, ldb, c, ldc, init, ldi);
      else if (height == 2) strided2half(k, a, lda, b, ldb, c, ldc, init, ldi);
      else strided1half(k, a, lda, b, ldb, c, ldc, init, ldi);
    } else {
      if (tileRows == 6 && height == 6) strided6(k, a, lda, b, ldb, c, ldc, init, ldi);
      else if (height == 5) strided5(k, a, lda, b, ldb, c, ldc, init, ldi);
      else if (height == 4) strided4(k, a, lda, b, ldb, c, ldc, init, ldi);
      else if (height == 3) strided3(k, a, lda, b, ldb, c, ldc, init, ldi);
      else if (height == 2) strided2(k, a, lda, b, ldb, c, ldc, init, ldi);
      else strided1(k, a, lda, b, ldb, c, ldc, init, ldi);
    }
  }
}

/** Bounds a tile that was just stored and is still in the first-level cache. */
function clampTile(half: bool, c: usize, ldc: usize, height: i32, low: f32, high: f32): void {
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  for (; height > 0; height--, c += ldc) {
    v128.store(c, clamp(v128.load(c), lo, hi));
    v128.store(c, clamp(v128.load(c, 16), lo, hi), 16);
    if (panelColumns == 16 && !half) {
      v128.store(c, clamp(v128.load(c, 32), lo, hi), 32);
      v128.store(c, clamp(v128.load(c, 48), lo, hi), 48);
    }
  }
}

/** Adds the sums of a slice, and `bias` unless that is 0, to a tile. */
function addTile(half: bool, c: usize, ldc: usize, sums: usize, bias: usize, height: i32): void {
  if (!bias) bias = zeros;
  for (; height > 0; height--, c += ldc, sums += panelRow) {
    addSums(c, sums, bias);
    addSums(c + 16, sums + 16, bias + 16);
    if (panelColumns == 16 && !half) {
      addSums(c + 32, sums + 32, bias + 32);
      addSums(c + 48, sums + 48, bias + 48);
    }
  }
}

// @ts-ignore: decorator
@inline
function addSums(c: usize, sums: usize, bias: usize): void {
  v128.store(c, f32x4.add(f32x4.add(v128.load(c), v128.load(sums)), v128.load(bias)));
}

/** Copies the first `columns` of a narrow tile; what lies right of them in C belongs to others. */
function copyTile(to: usize, stepTo: usize, from: usize, stepFrom: usize, height: i32, columns: i32): void {
  for (; height > 0; height--, to += stepTo, from += stepFrom) {
    for (let i: usize = 0, stop = <usize>columns << 2; i < stop; i += 4) f32.store(to + i, f32.load(from + i));
  }
}

/** Copies the columns of one panel of k rows; may read past the last, by less than a row of the panel. */
function copyPanel(packed: usize, b: usize, ldb: usize, k: i32): void {
  for (; k > 0; k--, b += ldb, packed += panelRow) copyPanelRow(packed, b);
}

/** Copies the columns of one panel. */
// @ts-ignore: decorator
@inline
export function copyPanelRow(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  if (panelColumns == 16) {
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
  }
}
