/** y = condition is not 0 ? a : b over vectors begin..end of 4 floats; an operand whose step is 0 is one number. */
export function select_f32(y: usize, condition: usize, a: usize, b: usize, conditionStep: i32, aStep: i32, bStep: i32, begin: i32, end: i32): void {
  const zero = f32x4.splat(0);
  for (let at = <usize>begin << 4, stop = <usize>end << 4; at < stop; at += 16) {
    const falls = f32x4.eq(operand(condition, at, conditionStep), zero);
    v128.store(y + at, v128.bitselect(operand(b, at, bStep), operand(a, at, aStep), falls));
  }
}

// @ts-ignore: decorator
@inline
function operand(from: usize, at: usize, step: i32): v128 {
  return step ? v128.load(from + at) : v128.load32_splat(from);
}
