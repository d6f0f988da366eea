/** Positions that come as floats, such as indices that a network computes. */

/** A position along an axis of `size` elements, from the end where negative. What lies outside is the nearest inside; NaN is 0. */
// @ts-ignore: decorator
@inline
export function placeOf(index: f32, size: i32): i32 {
  const place = index < 0 ? index + <f32>size : index, last = size - 1;
  return !(place > 0) ? 0 : place >= <f32>last ? last : <i32>place;
}

/** Number of the element at the first `rank` (up to 6) of a position's coordinates, in a tensor whose sizes they are. */
export function flatPlace(position: usize, rank: i32, n0: i32, n1: i32, n2: i32, n3: i32, n4: i32, n5: i32): i32 {
  let place = 0;
  if (rank > 0) place = placeOf(load<f32>(position), n0);
  if (rank > 1) place = place * n1 + placeOf(load<f32>(position, 4), n1);
  if (rank > 2) place = place * n2 + placeOf(load<f32>(position, 8), n2);
  if (rank > 3) place = place * n3 + placeOf(load<f32>(position, 12), n3);
  if (rank > 4) place = place * n4 + placeOf(load<f32>(position, 16), n4);
  if (rank > 5) place = place * n5 + placeOf(load<f32>(position, 20), n5);
  return place;
}
