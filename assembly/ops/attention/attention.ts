import { gemm, panelRow, panelsOf } from "../../gemm";
import { storeLanes } from "../../lanes";
import { rowExp, rowMax } from "../../rows";
import { madd, panelColumns } from "../../simd";
import { pack_f32, pack_f32_transposed } from "../pack";

// Exported functions stay functions: the optimiser would merge the micro-kernels into their only caller, which then spills.
export * from "../../microkernels-rows";

/** Panels of every head's keys, transposed, and values. qkv is [images, tokens, 3, heads, depth]. Units are (image, head). */
export function attention_f32_pack(keys: usize, values: usize, qkv: usize, tokens: i32, heads: i32, depth: i32, begin: i32, end: i32): void {
  const third = <usize>(heads * depth) << 2, row = 3 * third;
  const keyBytes = <usize>(panelsOf(tokens) * depth) * panelRow, valueBytes = <usize>(panelsOf(depth) * tokens) * panelRow;
  for (let unit = begin; unit < end; unit++) {
    const image = unit / heads, head = unit - image * heads;
    const from = qkv + <usize>(image * tokens) * row + third + (<usize>(head * depth) << 2);
    pack_f32_transposed(keys + <usize>unit * keyBytes, from, 1, tokens, depth, row, 0, 1, 1, 0, 0, 1, 1, 0, panelsOf(tokens));
    pack_f32(values + <usize>unit * valueBytes, from + third, tokens, depth, row, 0, 0, panelsOf(depth));
  }
}

/**
 * y = softmax(q k^T scale + bias) v, y [images, tokens, heads, depth]. Scores live only in `work`: tiles, then `rows` rows of them and their sums, in
 * the second-level cache. bias is 0 or [biases, heads, tokens, tokens], image i's at i modulo `biases`. Tokens are summed over in steps of `slice`.
 * Units are (image, head, `rows` queries).
 */
export function attention_f32(
  y: usize, qkv: usize, keys: usize, values: usize, bias: usize, work: usize, tokens: i32, heads: i32, depth: i32, scale: f32,
  biases: i32, rows: i32, slice: i32, tileBytes: i32, begin: i32, end: i32,
): void {
  const blocks = (tokens + rows - 1) / rows, columns = panelsOf(tokens) * panelColumns, third = <usize>(heads * depth) << 2, row = 3 * third;
  const keyStep = <usize>depth * panelRow, valueStep = <usize>tokens * panelRow;
  const scores = work + tileBytes, line = <usize>columns << 2, sums = scores + <usize>rows * line;
  for (let unit = begin; unit < end; unit++) {
    const pair = unit / blocks, from = (unit - pair * blocks) * rows, m = min(rows, tokens - from), image = pair / heads, head = pair - image * heads;
    const offset = <usize>(head * depth) << 2, q = qkv + <usize>(image * tokens + from) * row + offset;
    gemm(m, columns, depth, q, row, keys + <usize>(pair * panelsOf(tokens)) * keyStep, keyStep, scores, line, 0, false, work, -Infinity, Infinity);
    let b = bias && bias + (<usize>((((image % biases) * heads + head) * tokens + from) * tokens) << 2);
    for (let i = 0, s = scores; i < m; i++, s += line) {
      scaleRow(s, b, scale, tokens);
      f32.store(sums + (<usize>i << 2), rowExp(s, s, rowMax(s, tokens), tokens));
      if (b) b += <usize>tokens << 2;
    }
    const to = y + <usize>(image * tokens + from) * third + offset, v = values + <usize>(pair * panelsOf(depth)) * valueStep;
    for (let k = 0; k < tokens; k += slice) {
      const s = scores + (<usize>k << 2);
      gemm(m, depth, min(slice, tokens - k), s, line, v + <usize>k * panelRow, valueStep, to, third, 0, k > 0, work, -Infinity, Infinity);
    }
    for (let i = 0; i < m; i++) divideRow(to + <usize>i * third, f32.load(sums + (<usize>i << 2)), depth);
  }
}

/** x = x scale + bias; may write up to the end of the row's last vector. */
function scaleRow(x: usize, bias: usize, scale: f32, columns: i32): void {
  const s = f32x4.splat(scale);
  if (bias) for (; columns > 0; columns -= 4, x += 16, bias += 16) v128.store(x, madd(v128.load(x), s, v128.load(bias)));
  else for (; columns > 0; columns -= 4, x += 16) v128.store(x, f32x4.mul(v128.load(x), s));
}

function divideRow(x: usize, by: f32, columns: i32): void {
  const factor = f32x4.splat(1 / by);
  for (; columns > 0; columns -= 4, x += 16) storeLanes(x, f32x4.mul(v128.load(x), factor), columns);
}
