import { storeLanes } from "../../lanes";
import { maximum, minimum } from "../../simd";

/** In the order of `functions` in src/ops/reduce.ts. */
const enum Fn { max, min, prod }

/** y [outer, inner] = max, min or product of x [outer, length, inner]; NaN where any is. Units: outer x blocks of 16 columns. */
export function reduce_f32(y: usize, x: usize, fn: i32, length: i32, inner: i32, begin: i32, end: i32): void {
  if (fn == Fn.max) blocks(Fn.max, y, x, length, inner, begin, end);
  else if (fn == Fn.min) blocks(Fn.min, y, x, length, inner, begin, end);
  else blocks(Fn.prod, y, x, length, inner, begin, end);
}

// @ts-ignore: decorator
@inline
function blocks(fn: i32, y: usize, x: usize, length: i32, inner: i32, begin: i32, end: i32): void {
  const across = (inner + 15) >> 4, stride = <usize>inner << 2, first = f32x4.splat(fn == Fn.max ? -Infinity : fn == Fn.min ? Infinity : 1);
  for (let unit = begin; unit < end; unit++) {
    const outer = unit / across, column = (unit % across) << 4;
    let from = x + <usize>outer * length * stride + (<usize>column << 2), to = y + <usize>outer * stride + (<usize>column << 2);
    for (let left = min(16, inner - column); left > 0; left -= 4, from += 16, to += 16) {
      let result = first, at = from, rows = length;
      if (inner == 1) {
        for (; rows >= 4; rows -= 4, at += 16) result = join(fn, result, v128.load(at));
        result = join(fn, result, v128.shuffle<i32>(result, result, 2, 3, 0, 1));
        result = join(fn, result, v128.shuffle<i32>(result, result, 1, 0, 3, 2));
        for (; rows > 0; rows--, at += 4) result = join(fn, result, v128.load32_splat(at));
      } else for (; rows > 0; rows--, at += stride) result = join(fn, result, v128.load(at));
      storeLanes(to, result, left);
    }
  }
}

// @ts-ignore: decorator
@inline
function join(fn: i32, a: v128, b: v128): v128 {
  if (fn == Fn.max) return maximum(a, b);
  if (fn == Fn.min) return minimum(a, b);
  return f32x4.mul(a, b);
}
