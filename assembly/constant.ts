/**
 * Number `i` of a table, in every lane. What V8 makes of a vector constant is three instructions at each use, through an integer
 * register; from memory it is one load.
 */
// @ts-ignore: decorator
@inline
export function constant(table: usize, i: usize): v128 {
  return v128.load32_splat(table + (i << 2));
}

// @ts-ignore: decorator
@lazy
const ONE: usize = memory.data<f32>([1]);

/** 1 in every lane. */
// @ts-ignore: decorator
@inline
export function one(): v128 {
  return constant(ONE, 0);
}
