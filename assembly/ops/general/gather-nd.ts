import { copyFloats } from "../../lanes";
import { flatPlace } from "../../places";

/** y [batch, count, inner] = rows of x [batch, size, inner], size = n0 n1 ..., at the positions `indices` [batch, count, rank]; rows begin..end of y. */
export function gather_nd_f32(
  y: usize, x: usize, indices: usize, rank: i32, n0: i32, n1: i32, n2: i32, n3: i32, n4: i32, n5: i32,
  size: i32, count: i32, inner: i32, begin: i32, end: i32,
): void {
  for (let row = begin; row < end; row++) {
    const place = flatPlace(indices + (<usize>(row * rank) << 2), rank, n0, n1, n2, n3, n4, n5);
    copyFloats(y + (<usize>row * inner << 2), x + (<usize>(row / count * size + place) * inner << 2), inner);
  }
}
