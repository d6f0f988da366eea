/** Weights as panels [depth][panelColumns], one after the other: what `gemm` reads in a straight line. */
import { copyPanelRow, panelRow, panelsOf } from "../gemm";
import { panelColumns } from "../simd";

/**
 * Panels of matrices [depth, columns] whose rows lie `row` bytes apart and that follow each other every `group` bytes.
 * Units are panels, `panelsOf` a matrix; columns past the last are zero.
 */
export function pack_f32(panels: usize, w: usize, depth: i32, columns: i32, row: usize, group: usize, begin: i32, end: i32): void {
  const perGroup = panelsOf(columns);
  const panelBytes = <usize>depth * panelRow;
  // A few rows at a time, so that neighbouring panels find their half of a cache line still there.
  for (let k = 0; k < depth; k += rowsTogether) {
    const rows = min(rowsTogether, depth - k);
    for (let unit = begin; unit < end; unit++) {
      const matrix = unit / perGroup, column = (unit - matrix * perGroup) * panelColumns;
      const from = w + <usize>matrix * group + <usize>k * row + (<usize>column << 2);
      packRows(panels + <usize>unit * panelBytes + <usize>k * panelRow, from, row, rows, columns - column);
    }
  }
}

/** Rows of a matrix that are packed before the next panel's turn. */
const rowsTogether: i32 = 16;

/** Rows of a panel, of which the first `valid` columns come from the matrix. */
function packRows(to: usize, from: usize, row: usize, rows: i32, valid: i32): void {
  for (; rows > 0; rows--, to += panelRow, from += row) {
    if (valid >= panelColumns) copyPanelRow(to, from);
    else {
      for (let at: usize = 0; at < panelRow; at += 16) v128.store(to + at, f32x4.splat(0));
      for (let i: usize = 0, bytes = <usize>valid << 2; i < bytes; i += 4) f32.store(to + i, f32.load(from + i));
    }
  }
}

/**
 * Panels of transposed matrices: of w [kh, kw, channels, filters], rows `row` bytes apart, the tapsY x tapsX taps that
 * start at (firstY, firstX) and lie stepY, stepX apart; rows of a panel are (tap, filter), columns are channels. A matrix
 * is one tap. The next group or matrix follows after `group` bytes. Units are panels, `panelsOf` a group; columns
 * past the last repeat it.
 */
export function pack_f32_transposed(
  panels: usize, w: usize, kw: i32, channels: i32, filters: i32, row: usize, group: usize,
  tapsY: i32, tapsX: i32, firstY: i32, firstX: i32, stepY: i32, stepX: i32, begin: i32, end: i32,
): void {
  const perGroup = panelsOf(channels);
  const panelBytes = <usize>(tapsY * tapsX * filters) * panelRow;
  for (let unit = begin; unit < end; unit++) {
    const matrix = unit / perGroup, channel = (unit - matrix * perGroup) * panelColumns;
    let to = panels + <usize>unit * panelBytes;
    for (let y = 0; y < tapsY; y++) {
      for (let x = 0; x < tapsX; x++, to += <usize>filters * panelRow) {
        const tap = (firstY + y * stepY) * kw + firstX + x * stepX;
        const from = w + <usize>matrix * group + <usize>(tap * channels) * row;
        for (let i = 0; i < panelColumns; i += 4) transposeFour(to + (<usize>i << 2), from, row, channel + i, channels - 1, filters);
      }
    }
  }
}

/** Four rows of w (channel.., at most the last) become four columns of a panel. */
function transposeFour(to: usize, w: usize, row: usize, channel: i32, last: i32, filters: i32): void {
  let r0 = w + <usize>min(channel, last) * row, r1 = w + <usize>min(channel + 1, last) * row;
  let r2 = w + <usize>min(channel + 2, last) * row, r3 = w + <usize>min(channel + 3, last) * row;
  for (; filters > 0; filters -= 4, to += 4 * panelRow) {
    const x0 = v128.load(r0), x1 = v128.load(r1), x2 = v128.load(r2), x3 = v128.load(r3);
    const t0 = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5), t1 = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
    const t2 = v128.shuffle<i32>(x2, x3, 0, 4, 1, 5), t3 = v128.shuffle<i32>(x2, x3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(t0, t2, 0, 2));
    if (filters > 1) v128.store(to, v128.shuffle<i64>(t0, t2, 1, 3), panelRow);
    if (filters > 2) v128.store(to, v128.shuffle<i64>(t1, t3, 0, 2), 2 * panelRow);
    if (filters > 3) v128.store(to, v128.shuffle<i64>(t1, t3, 1, 3), 3 * panelRow);
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
  }
}
