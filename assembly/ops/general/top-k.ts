/**
 * The k largest (or smallest) of each line of x [outer, length, inner] in order, equal ones by their place, with their places: both [outer, k, inner]. NaN
 * counts as the largest. `heap` holds k keys, the worst on top. Units: lines.
 */
export function top_k_f32(values: usize, indices: usize, x: usize, heap: usize, k: i32, length: i32, inner: i32, smallest: bool, begin: i32, end: i32): void {
  const step = <usize>inner << 2;
  for (let unit = begin; unit < end; unit++) {
    const outer = unit / inner, column = <usize>(unit % inner) << 2, line = x + <usize>(outer * length) * step + column;
    for (let i = 0; i < length; i++) {
      const key = keyOf(load<f32>(line + <usize>i * step), smallest) | <u64>i;
      if (i < k) rise(heap, i, key);
      else if (key < load<u64>(heap)) sink(heap, k, key);
    }
    for (let i = k - 1; i >= 0; i--) {
      const place = <i32>load<u64>(heap), to = <usize>(outer * k + i) * step + column;
      store<f32>(values + to, load<f32>(line + <usize>place * step));
      store<f32>(indices + to, <f32>place);
      sink(heap, i, load<u64>(heap + (<usize>i << 3)));
    }
  }
}

/** A number's rank in the upper half: the lower, the earlier it comes. */
// @ts-ignore: decorator
@inline
function keyOf(value: f32, smallest: bool): u64 {
  // The order of bit patterns is that of numbers once those of negative ones are reversed; adding 0 makes -0 equal to 0.
  const bits = reinterpret<i32>(value + 0), rank = isNaN(value) ? 0xffffffff : <u32>(bits ^ ((bits >> 31) | i32.MIN_VALUE));
  return <u64>(smallest ? rank : ~rank) << 32;
}

/** Puts a key into a heap of `count`. */
function rise(heap: usize, count: i32, key: u64): void {
  let at = count;
  for (; at > 0; ) {
    const above = (at - 1) >> 1, other = load<u64>(heap + (<usize>above << 3));
    if (other >= key) break;
    store<u64>(heap + (<usize>at << 3), other);
    at = above;
  }
  store<u64>(heap + (<usize>at << 3), key);
}

/** Replaces the top of a heap of `count` by a key. */
function sink(heap: usize, count: i32, key: u64): void {
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= count) break;
    if (below + 1 < count && load<u64>(heap + (<usize>below << 3)) < load<u64>(heap + (<usize>(below + 1) << 3))) below++;
    const other = load<u64>(heap + (<usize>below << 3));
    if (other <= key) break;
    store<u64>(heap + (<usize>at << 3), other);
    at = below;
  }
  store<u64>(heap + (<usize>at << 3), key);
}
