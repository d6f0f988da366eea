/** Positions that come as floats, such as indices that a network computes. */

/** A position along an axis of `size` elements, from the end where negative. What lies outside is the nearest inside; NaN is 0. */
// @ts-ignore: decorator
@inline
export function placeOf(index: f32, size: i32): i32 {
  const place = index < 0 ? index + <f32>size : index, last = size - 1;
  return !(place > 0) ? 0 : place >= <f32>last ? last : <i32>place;
}
