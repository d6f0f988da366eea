/** How pools walk their windows: runs of pixels that share what they read, which is first brought into the cache. */

/** The first window that covers a padded pixel. */
// @ts-ignore: decorator
@inline
export function firstWindow(pixel: i32, kernel: i32, stride: i32): i32 {
  return pixel < kernel ? 0 : (pixel - kernel) / stride + 1;
}

/** Pixels of a run that each read `bytes` bytes more: the first-level cache holds them. */
export function pixelsAtOnce(bytes: usize): i32 {
  return max(1, 32768 / max(<i32>bytes, 1));
}
