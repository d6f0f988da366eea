/**
 * Rows of the matrix that makes a convolution a product: for pixels pixel.. of a lattice [.., latticeH, latticeW] the
 * columns from..until of (tap row, tap column, channel). Lattice point (j, i) and tap (ky, kx) read x at
 * (originY + j * strideY + ky * tapY, originX + i * strideX + kx * tapX), zero outside. `x` points to the first of the
 * `perGroup` channels that are read of each pixel's `channels`. Rows are `ldo` bytes apart; up to 12 bytes after a row
 * are overwritten.
 */
export function im2col(
  to: usize, ldo: usize, x: usize, height: i32, width: i32, channels: i32, perGroup: i32, kw: i32,
  originY: i32, originX: i32, tapY: i32, tapX: i32, strideY: i32, strideX: i32,
  latticeH: i32, latticeW: i32, pixel: i32, count: i32, from: i32, until: i32,
): void {
  // Taps of one row that are neighbours in x are one run of memory.
  const joined = tapX == 1 && perGroup == channels;
  const run = joined ? kw * perGroup : perGroup;
  const perRow = joined ? 1 : kw;
  const firstRun = from / run, firstY = firstRun / perRow, firstX = firstRun - firstY * perRow;
  const lastRun = (until - 1) / run, lastY = lastRun / perRow, whole = firstRun * run == from && (lastRun + 1) * run == until;
  const pixelBytes = channels << 2, tapBytes = tapX * pixelBytes, lineBytes = tapY * width * pixelBytes;
  const imageBytes = <usize>height * width * channels << 2;
  let i = pixel % latticeW, j = pixel / latticeW;
  const image = j / latticeH;
  j -= image * latticeH;
  x += <usize>image * imageBytes;
  for (; count > 0; count--, to += ldo) {
    let ky = firstY, kx = firstX, start = firstRun * run, at = to;
    const x0 = originX + i * strideX, top = originY + j * strideY + firstY * tapY;
    const inside = top >= 0 && top + (lastY - firstY) * tapY < height && x0 >= 0 && x0 + (kw - 1) * tapX < width;
    if (whole && inside && joined) {
      // This pixel and those to its right whose taps all lie inside: their runs are memory as it stands.
      const beside = min(min(count, latticeW - i), (width - kw - x0) / strideX + 1), bytes = <usize>run << 2;
      let source = x + ((top * width + x0) * pixelBytes);
      for (let left = beside; left > 0; left--, to += ldo, source += strideX * pixelBytes) {
        at = to;
        for (let q = firstRun, line = source; q <= lastRun; q++, at += bytes, line += lineBytes) copyRun(at, line, bytes);
      }
      to -= ldo;
      i += beside - 1;
      count -= beside - 1;
    } else if (whole && inside) {
      let line = x + ((top * width + x0) * pixelBytes), tap = line + kx * tapBytes;
      for (let q = firstRun; q <= lastRun; q++, tap += tapBytes) {
        at = copy(at, tap, run);
        if (++kx == perRow) {
          kx = 0;
          line += lineBytes;
          tap = line - tapBytes;
        }
      }
    } else do {
      const iy = originY + j * strideY + ky * tapY, ix = x0 + kx * tapX;
      let low = 0, high = 0;
      if (iy >= 0 && iy < height) {
        if (joined) {
          low = min(max(-ix, 0), kw) * perGroup;
          high = max(min(width - ix, kw) * perGroup, low);
        } else if (ix >= 0 && ix < width) high = run;
      }
      const a = max(from - start, 0), b = min(until - start, run);
      const source = x + ((<isize>iy * width + ix) * channels << 2);
      at = zero(at, min(b, low) - a);
      at = copy(at, source + (max(a, low) << 2), min(b, high) - max(a, low));
      at = zero(at, b - max(a, high));
      start += run;
      if (++kx == perRow) {
        kx = 0;
        ky++;
      }
    } while (start < until);
    if (++i == latticeW) {
      i = 0;
      if (++j == latticeH) {
        j = 0;
        x += imageBytes;
      }
    }
  }
}

/** Copies `bytes` bytes, and up to 12 more; in first layers they are few. */
// @ts-ignore: decorator
@inline
function copyRun(to: usize, from: usize, bytes: usize): void {
  v128.store(to, v128.load(from));
  if (bytes > 16) v128.store(to, v128.load(from, 16), 16);
  if (bytes > 32) v128.store(to, v128.load(from, 32), 32);
  for (let at: usize = 48; at < bytes; at += 16) v128.store(to + at, v128.load(from + at));
}

/** Writes `size` floats of zero, and up to 3 more; gives the end. */
// @ts-ignore: decorator
@inline
function zero(to: usize, size: i32): usize {
  if (size <= 0) return to;
  const end = to + (<usize>size << 2);
  for (; to < end; to += 16) v128.store(to, f32x4.splat(0));
  return end;
}

/** Copies `size` floats, and up to 3 more; gives the end. */
// @ts-ignore: decorator
@inline
function copy(to: usize, from: usize, size: i32): usize {
  if (size <= 0) return to;
  const end = to + (<usize>size << 2);
  for (; to < end; to += 16, from += 16) v128.store(to, v128.load(from));
  return end;
}
