import { gemm, gemmTransposed, panelRow, panelsOf, shareOf, tileBytes } from "../gemm";
import { panelColumns } from "../simd";

// Exported functions stay functions: the optimiser would merge the micro-kernels into their only caller, which then spills.
export * from "../microkernels-rows";
export * from "../microkernels-strided";

/**
 * y[rows, columns] = bias + a b, bounded to low..high, for `batch` products; `aBytes`, `panelBytes` are the bytes from
 * one to the next (0: the same for all). `panels` holds b packed; `bias` may be 0. With `transposed` a is [depth, rows].
 * The depth is walked in slices. Units are (product, row block, panel), `blocks` row blocks of even size a product.
 */
export function matmul_f32(
  y: usize, a: usize, panels: usize, bias: usize, tile: usize, rows: i32, columns: i32, depth: i32,
  transposed: i32, aBytes: usize, panelBytes: usize, blocks: i32, slice: i32, low: f32, high: f32, begin: i32, end: i32,
): void {
  const perRow = panelsOf(columns);
  const lda = <usize>(transposed ? rows : depth) << 2, ldc = <usize>columns << 2, panelStep = <usize>depth * panelRow;
  for (let unit = begin; unit < end; ) {
    const index = unit / perRow, first = unit - index * perRow, count = min(perRow - first, end - unit);
    const product = index / blocks, block = index - product * blocks;
    const from = shareOf(rows, blocks, block), m = shareOf(rows, blocks, block + 1) - from, n = min(columns - first * panelColumns, count * panelColumns);
    const c = y + <usize>(product * rows + from) * ldc + <usize>first * panelRow;
    const pa = a + <usize>product * aBytes + (transposed ? <usize>from << 2 : <usize>from * lda);
    const pb = panels + <usize>product * panelBytes + <usize>first * panelStep;
    let k = 0;
    do {
      const part = min(slice, depth - k), last = k + part >= depth;
      const init = k ? c : bias ? bias + <usize>first * panelRow : 0, ldi = k ? ldc : 0;
      const lo: f32 = last ? low : -Infinity, hi: f32 = last ? high : Infinity;
      const b = pb + <usize>k * panelRow;
      if (transposed) gemmTransposed(m, n, part, pa + <usize>k * lda, lda, b, panelRow, panelStep, c, ldc, init, ldi, tile, 0, lo, hi);
      else gemm(m, n, part, pa + (<usize>k << 2), lda, b, panelStep, c, ldc, init, ldi, tile, lo, hi);
      k += slice;
    } while (k < depth);
    unit += count;
  }
}

/**
 * dw[depth, columns] = x[rows, depth]^T dy[rows, columns], row by row in order. Units are rows of dw, or panels of
 * its columns with `byColumns`. `work` holds a tile and, with `packed`, one panel of `slice` rows of dy.
 */
export function dense_f32_backward_weight(
  dw: usize, x: usize, dy: usize, work: usize, rows: i32, columns: i32, depth: i32,
  slice: i32, byColumns: i32, packed: i32, begin: i32, end: i32,
): void {
  const lda = <usize>depth << 2, ldb = <usize>columns << 2;
  const from = byColumns ? 0 : begin, column = byColumns ? begin * panelColumns : 0;
  const m = byColumns ? depth : end - begin, n = byColumns ? min(columns, end * panelColumns) - column : columns;
  const c = dw + <usize>from * ldb + (<usize>column << 2), a = x + (<usize>from << 2), b = dy + (<usize>column << 2);
  const panel = packed ? work + tileBytes : 0;
  let k = 0;
  do {
    const part = min(slice, rows - k);
    gemmTransposed(m, n, part, a + <usize>k * lda, lda, b + <usize>k * ldb, ldb, panelRow, c, ldb, k ? c : 0, k ? ldb : 0, work, panel, -Infinity, Infinity);
    k += slice;
  } while (k < rows);
}
