/** Row of the table for a distance of `down` lines and `right` pixels in a window. */
// @ts-ignore: decorator
@inline
function placeOf(down: i32, right: i32, height: i32, width: i32): i32 {
  return (down + height - 1) * (2 * width - 1) + right + width - 1;
}

/** y [heads, tokens, tokens]: table [(2 height - 1) (2 width - 1), heads] by how far a query's pixel is from a key's. Units are (head, query). */
export function relative_position_bias_f32(y: usize, table: usize, heads: i32, height: i32, width: i32, begin: i32, end: i32): void {
  const tokens = height * width;
  for (let unit = begin; unit < end; unit++) {
    const head = unit / tokens, query = unit - head * tokens, line = query / width, pixel = query - line * width;
    let to = y + (<usize>(unit * tokens) << 2);
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++, to += 4) {
        f32.store(to, f32.load(table + (<usize>(placeOf(line - i, pixel - j, height, width) * heads + head) << 2)));
      }
    }
  }
}

/** dtable: for each distance and head the sum of dy over all pairs so far apart, queries in order. Units are distances. */
export function relative_position_bias_f32_backward(dtable: usize, dy: usize, heads: i32, height: i32, width: i32, begin: i32, end: i32): void {
  const tokens = height * width;
  for (let unit = begin; unit < end; unit++) {
    const down = unit / (2 * width - 1) - height + 1, right = (unit % (2 * width - 1)) - width + 1;
    for (let head = 0; head < heads; head++) {
      let sum: f32 = 0;
      for (let i = max(0, down); i < min(height, height + down); i++) {
        for (let j = max(0, right); j < min(width, width + right); j++) {
          const query = i * width + j, key = (i - down) * width + j - right;
          sum += f32.load(dy + (<usize>((head * tokens + query) * tokens + key) << 2));
        }
      }
      f32.store(dtable + (<usize>(unit * heads + head) << 2), sum);
    }
  }
}
