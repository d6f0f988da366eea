/** Moving pixels. Inside the image engine every pixel is 4 bytes (R, G, B and one that rides along), so that four fill a vector. */

/** y = x with 1 (gray, repeated), 3 or 4 bytes a pixel, made 4 bytes a pixel, for pixels begin..end; both without gaps. */
export function unpack_u8(y: usize, x: usize, channels: i32, begin: i32, end: i32): void {
  for (let pixel = begin; pixel < end; pixel++) {
    const from = x + <usize>pixel * channels;
    const red = <u32>load<u8>(from);
    let value = red * 0x00010101;
    if (channels >= 3) value = red | (<u32>load<u8>(from, 1) << 8) | (<u32>load<u8>(from, 2) << 16);
    value |= channels == 4 ? <u32>load<u8>(from, 3) << 24 : 0xff000000;
    store<u32>(y + (<usize>pixel << 2), value);
  }
}

/** y = the first 1, 3 or 4 bytes of each pixel of x for rows begin..end; y has no gaps. */
export function pack_u8(y: usize, x: usize, channels: i32, width: i32, xStride: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    let from = x + <usize>row * xStride;
    let to = y + <usize>row * width * channels;
    for (let column = 0; column < width; column++) {
      const pixel = load<u32>(from);
      store<u8>(to, <u8>pixel);
      if (channels >= 3) {
        store<u8>(to, <u8>(pixel >> 8), 1);
        store<u8>(to, <u8>(pixel >> 16), 2);
      }
      if (channels == 4) store<u8>(to, <u8>(pixel >> 24), 3);
      from += 4;
      to += channels;
    }
  }
}

/**
 * y[row, column] = the pixel at byte rows[row] + columns[column] of x, or `fill` where either entry is negative, for rows
 * begin..end. Crop, flip, quarter turns, every padding mode and nearest resizing are this with different tables (int32).
 */
export function gather_u8(y: usize, x: usize, rows: usize, columns: usize, fill: u32, width: i32, yStride: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const down = load<i32>(rows + (<usize>row << 2));
    const to = y + <usize>row * yStride;
    for (let column = 0; column < width; column++) {
      const across = load<i32>(columns + (<usize>column << 2));
      const pixel = (down | across) < 0 ? fill : load<u32>(x + down + across);
      store<u32>(to + (<usize>column << 2), pixel);
    }
  }
}

/** y = table[x] per byte for rows begin..end: any change that treats all channels and all pixels alike. table: [256] bytes. */
export function lookup_u8(y: usize, x: usize, table: usize, width: i32, yStride: i32, xStride: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const from = x + <usize>row * xStride;
    const to = y + <usize>row * yStride;
    for (let at: usize = 0; at < <usize>width << 2; at += 4) {
      const pixel = load<u32>(from + at);
      const low = <u32>load<u8>(table + (pixel & 255)) | (<u32>load<u8>(table + (pixel >> 8 & 255)) << 8);
      const high = <u32>load<u8>(table + (pixel >> 16 & 255)) | (<u32>load<u8>(table + (pixel >> 24)) << 8);
      store<u32>(to + at, low | high << 16);
    }
  }
}

/**
 * y[row, column, c] = tables[c][byte source[c] of x] for rows begin..end: bytes to floats, scaled, normalised and in the
 * model's channel order. y has 1 or 3 channels and no gaps; tables: [channels, 256] float32; `order` holds the source bytes,
 * the first channel's in the low byte.
 */
export function normalize_u8(y: usize, x: usize, tables: usize, order: u32, channels: i32, width: i32, xStride: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    let from = x + <usize>row * xStride;
    let to = y + (<usize>row * width * channels << 2);
    for (let column = 0; column < width; column++) {
      store<f32>(to, load<f32>(tables + (<usize>load<u8>(from + (order & 255)) << 2)));
      if (channels == 3) {
        store<f32>(to, load<f32>(tables + (<usize>load<u8>(from + (order >> 8 & 255)) << 2), 1024), 4);
        store<f32>(to, load<f32>(tables + (<usize>load<u8>(from + (order >> 16)) << 2), 2048), 8);
      }
      from += 4;
      to += <usize>channels << 2;
    }
  }
}
