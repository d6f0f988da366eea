import { clearRow, copyFloats } from "../../lanes";

/**
 * y [images, down, across, window, window, channels]: x [images, height, width, channels] with zeros below and to the right up to down x across
 * windows, rolled up and left by `shift` pixels, window by window. Units are lines of windows.
 */
export function window_partition_f32(
  y: usize, x: usize, height: i32, width: i32, channels: i32, window: i32, shiftY: i32, shiftX: i32, down: i32, across: i32, begin: i32, end: i32,
): void {
  const bytes = <usize>channels << 2;
  for (let unit = begin; unit < end; unit++) {
    const place = unit / window, i = unit - place * window, lane = place / across, column = place - lane * across, image = lane / down;
    const line = ((lane - image * down) * window + i + shiftY) % (down * window);
    let to = y + <usize>(unit * window) * bytes;
    for (let j = 0; j < window; j++, to += bytes) {
      const pixel = (column * window + j + shiftX) % (across * window);
      if (line < height && pixel < width) copyFloats(to, x + <usize>((image * height + line) * width + pixel) * bytes, channels);
      else clearRow(to, bytes);
    }
  }
}

/** The way back: x from its windows. Units are lines of x. */
export function window_merge_f32(
  x: usize, y: usize, height: i32, width: i32, channels: i32, window: i32, shiftY: i32, shiftX: i32, down: i32, across: i32, begin: i32, end: i32,
): void {
  const bytes = <usize>channels << 2;
  for (let unit = begin; unit < end; unit++) {
    const image = unit / height, line = (unit - image * height + down * window - shiftY) % (down * window), row = line / window;
    let to = x + <usize>(unit * width) * bytes;
    for (let j = 0; j < width; j++, to += bytes) {
      const pixel = (j + across * window - shiftX) % (across * window), column = pixel / window;
      const place = ((image * down + row) * across + column) * window + line - row * window;
      copyFloats(to, y + <usize>(place * window + pixel - column * window) * bytes, channels);
    }
  }
}
