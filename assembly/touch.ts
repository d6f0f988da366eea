/**
 * Loads a byte of every cache line: all are on their way at once, where a loop that computes on what it loads waits for a few at a time. Worth it where
 * the processor does not see by itself what is needed next: in many short runs.
 */
export function touch(from: usize, bytes: usize): void {
  for (let at = from, end = from + bytes; at < end; at += 64) load<u8>(at);
}

/** `touch` of `rows` rows of `bytes` bytes. */
export function touchRows(from: usize, rows: i32, stride: usize, bytes: usize): void {
  for (; rows > 0; rows--, from += stride) touch(from, bytes);
}
