/**
 * The ragged end of a row of channels: loads may read past it (64 readable bytes follow every tensor), stores must
 * not, because the next row may belong to another thread.
 */

/** Stores the first `count` lanes of x, all four where count is 4 or more. */
// @ts-ignore: decorator
@inline
export function storeLanes(at: usize, x: v128, count: i32): void {
  if (count >= 4) v128.store(at, x);
  else storeSome(at, x, count);
}

function storeSome(at: usize, x: v128, count: i32): void {
  f32.store(at, f32x4.extract_lane(x, 0));
  if (count > 1) f32.store(at, f32x4.extract_lane(x, 1), 4);
  if (count > 2) f32.store(at, f32x4.extract_lane(x, 2), 8);
}

/** All ones in the first `count` lanes, zeros in the others. */
// @ts-ignore: decorator
@inline
export function firstLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/** Zeros `bytes` bytes, a multiple of 4: a loop, because `memory.fill` costs a call out of the module. */
// @ts-ignore: decorator
@inline
export function clearRow(at: usize, bytes: usize): void {
  for (; bytes >= 16; bytes -= 16, at += 16) v128.store(at, f32x4.splat(0));
  for (; bytes > 0; bytes -= 4, at += 4) f32.store(at, 0);
}

/** Copies `count` floats. */
// @ts-ignore: decorator
@inline
export function copyFloats(to: usize, from: usize, count: i32): void {
  for (; count >= 4; count -= 4, to += 16, from += 16) v128.store(to, v128.load(from));
  for (; count > 0; count--, to += 4, from += 4) f32.store(to, f32.load(from));
}

/** Stores the first `count` bytes of x, all 16 where count is 16 or more. */
// @ts-ignore: decorator
@inline
export function storeBytes(at: usize, x: v128, count: i32): void {
  if (count >= 16) v128.store(at, x);
  else storeSomeBytes(at, x, count);
}

function storeSomeBytes(at: usize, x: v128, count: i32): void {
  if (count & 8) {
    v128.store64_lane(at, x, 0);
    x = v128.shuffle<i64>(x, x, 1, 1);
    at += 8;
  }
  if (count & 4) {
    v128.store32_lane(at, x, 0);
    x = i64x2.shr_u(x, 32);
    at += 4;
  }
  if (count & 2) {
    v128.store16_lane(at, x, 0);
    x = i64x2.shr_u(x, 16);
    at += 2;
  }
  if (count & 1) v128.store8_lane(at, x, 0);
}
