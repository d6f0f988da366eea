/** Loops of `add` and `mul` over broadcast operands; `multiply` is a constant where they are inlined. */

// @ts-ignore: decorator
@inline
function combine(a: v128, b: v128, multiply: bool): v128 {
  return multiply ? f32x4.mul(a, b) : f32x4.add(a, b);
}

// @ts-ignore: decorator
@inline
function combineOne(a: f32, b: f32, multiply: bool): f32 {
  return multiply ? a * b : a + b;
}

/** Equal shapes: y = a . b over vectors begin..end. */
// @ts-ignore: decorator
@inline
export function combineFlat(multiply: bool, y: usize, a: usize, b: usize, begin: i32, end: i32): void {
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    v128.store(y + at, combine(v128.load(a + at), v128.load(b + at), multiply));
  }
}

/** y, a [outer, repeat, length]; b [outer, length]: a channel vector for every place, rows begin..end of y. */
// @ts-ignore: decorator
@inline
export function combineRows(multiply: bool, y: usize, a: usize, b: usize, repeat: i32, length: i32, begin: i32, end: i32): void {
  const bytes = <usize>length << 2, whole = bytes & ~15;
  for (let row = begin; row < end; row++) {
    const yRow = y + <usize>row * bytes, aRow = a + <usize>row * bytes, bRow = b + <usize>(row / repeat) * bytes;
    for (let at: usize = 0; at < whole; at += 16) {
      v128.store(yRow + at, combine(v128.load(aRow + at), v128.load(bRow + at), multiply));
    }
    for (let at = whole; at < bytes; at += 4) store<f32>(yRow + at, combineOne(load<f32>(aRow + at), load<f32>(bRow + at), multiply));
  }
}

/** y, a [rows, length]; b [rows]: one number for every row, rows begin..end. */
// @ts-ignore: decorator
@inline
export function combineSplat(multiply: bool, y: usize, a: usize, b: usize, length: i32, begin: i32, end: i32): void {
  const bytes = <usize>length << 2, whole = bytes & ~15;
  for (let row = begin; row < end; row++) {
    const yRow = y + <usize>row * bytes, aRow = a + <usize>row * bytes, number = load<f32>(b + (<usize>row << 2));
    const vector = f32x4.splat(number);
    for (let at: usize = 0; at < whole; at += 16) v128.store(yRow + at, combine(v128.load(aRow + at), vector, multiply));
    for (let at = whole; at < bytes; at += 4) store<f32>(yRow + at, combineOne(load<f32>(aRow + at), number, multiply));
  }
}

/**
 * Any broadcast of up to 6 axes: y is [n0, ..., n5], a and b have element strides (0 where they stretch). Rows
 * begin..end of n5 elements.
 */
// @ts-ignore: decorator
@inline
export function combineStrided(
  multiply: bool, y: usize, a: usize, b: usize, n1: i32, n2: i32, n3: i32, n4: i32, n5: i32,
  a0: i32, a1: i32, a2: i32, a3: i32, a4: i32, a5: i32, b0: i32, b1: i32, b2: i32, b3: i32, b4: i32, b5: i32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const i4 = row % n4, r3 = row / n4, i3 = r3 % n3, r2 = r3 / n3, i2 = r2 % n2, r1 = r2 / n2, i1 = r1 % n1, i0 = r1 / n1;
    const aRow = i0 * a0 + i1 * a1 + i2 * a2 + i3 * a3 + i4 * a4;
    const bRow = i0 * b0 + i1 * b1 + i2 * b2 + i3 * b3 + i4 * b4;
    const yRow = y + (<usize>row * n5 << 2);
    for (let i = 0; i < n5; i++) {
      const one = load<f32>(a + (<usize>(aRow + i * a5) << 2)), other = load<f32>(b + (<usize>(bRow + i * b5) << 2));
      store<f32>(yRow + (<usize>i << 2), combineOne(one, other, multiply));
    }
  }
}
