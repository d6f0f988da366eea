import { farFloats, gemm, gemmTransposed, panelRow, panelsOf, rowsBefore, tileBytes } from "../gemm";
import { panelColumns } from "../simd";

// Exported functions stay functions: the optimiser would merge the micro-kernels into their only caller, which then spills.
export * from "../microkernels-rows";
export * from "../microkernels-strided";

/** Floats of panels that stay in the second-level cache beside what else a product reads. */
const residentFloats: usize = 65536;

/**
 * y[rows, columns] = bias + a b, bounded to low..high, for `batch` products; `aBytes`, `panelBytes` are the bytes from
 * one to the next (0: the same for all). `panels` holds b packed; `bias` may be 0. With `transposed` a is [depth, rows].
 * The depth is walked in slices, rows in parts x blocks of whole tiles. Units are (product, part, panel).
 */
export function matmul_f32(
  y: usize, a: usize, panels: usize, bias: usize, tile: usize, rows: i32, columns: i32, depth: i32,
  transposed: i32, aBytes: usize, panelBytes: usize, parts: i32, blocks: i32, slice: i32, low: f32, high: f32, begin: i32, end: i32,
): void {
  const perRow = panelsOf(columns), all = parts * blocks, far = columns * depth >= farFloats;
  const lda = <usize>(transposed ? rows : depth) << 2, ldc = <usize>columns << 2, panelStep = <usize>depth * panelRow;
  for (let unit = begin; unit < end; ) {
    const index = unit / perRow, first = unit - index * perRow, count = min(perRow - first, end - unit);
    const product = index / parts, part = index - product * parts, n = min(columns - first * panelColumns, count * panelColumns);
    const pb = panels + <usize>product * panelBytes + <usize>first * panelStep;
    // Where the panels stay in the second-level cache, the rows of the next block are what will be missing.
    const resident = depth <= slice && <usize>n * depth <= residentFloats;
    for (let block = part * blocks, stop = block + blocks; block < stop; block++) {
      const from = rowsBefore(rows, all, block), until = rowsBefore(rows, all, block + 1), m = until - from;
      const next = resident ? <usize>(rowsBefore(rows, all, min(block + 2, all)) - until) * lda : 0;
      const c = y + <usize>(product * rows + from) * ldc + <usize>first * panelRow;
      const pa = a + <usize>product * aBytes + (transposed ? <usize>from << 2 : <usize>from * lda);
      let k = 0;
      do {
        const steps = min(slice, depth - k), last = k + steps >= depth;
        const shift = bias ? bias + <usize>first * panelRow : 0, init = k ? c : shift, ldi = k ? ldc : 0;
        const lo: f32 = last ? low : -Infinity, hi: f32 = last ? high : Infinity;
        const b = pb + <usize>k * panelRow;
        if (transposed) gemmTransposed(m, n, steps, pa + <usize>k * lda, lda, b, panelRow, panelStep, c, ldc, init, ldi, tile, 0, lo, hi);
        else {
          const after = far ? pb + <usize>(last ? 0 : k + steps) * panelRow : 0;
          gemm(m, n, steps, pa + (<usize>k << 2), lda, b, panelStep, c, ldc, last ? shift : 0, k > 0, tile, lo, hi, pa + <usize>m * lda, next, after);
        }
        k += slice;
      } while (k < depth);
    }
    unit += count;
  }
}

/**
 * dw[depth, columns] = x[rows, depth]^T dy[rows, columns], row by row in order, or `add`ed to what is there. Units are rows of
 * dw, or panels of its columns with `byColumns`; up to `most` rows of dw share a pass. `work` holds a tile and, with `packed`, one panel of `slice` rows of dy.
 */
export function dense_f32_backward_weight(
  dw: usize, x: usize, dy: usize, work: usize, rows: i32, columns: i32, depth: i32,
  slice: i32, most: i32, add: i32, byColumns: i32, packed: i32, begin: i32, end: i32,
): void {
  const lda = <usize>depth << 2, ldb = <usize>columns << 2;
  const column = byColumns ? begin * panelColumns : 0, n = byColumns ? min(columns, end * panelColumns) - column : columns;
  const b = dy + (<usize>column << 2), panel = packed ? work + tileBytes : 0;
  const first = byColumns ? 0 : begin, total = byColumns ? depth : end - begin, blocks = (total + most - 1) / most;
  for (let block = 0; block < blocks; block++) {
    const from = first + rowsBefore(total, blocks, block), m = first + rowsBefore(total, blocks, block + 1) - from;
    const c = dw + <usize>from * ldb + (<usize>column << 2), a = x + (<usize>from << 2);
    let k = 0;
    do {
      const part = min(slice, rows - k), init = k || add ? c : 0, ldi = init ? ldb : 0;
      gemmTransposed(m, n, part, a + <usize>k * lda, lda, b + <usize>k * ldb, ldb, panelRow, c, ldb, init, ldi, work, panel, -Infinity, Infinity);
      k += part;
    } while (k < rows);
  }
}
