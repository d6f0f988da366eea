/** Changes that follow from a pixel's levels alone, and the counts that such changes are made of. */

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

/** y[.., c] = tables[c][x[.., c]] for rows begin..end; the fourth byte rides along. tables: [3, 256] bytes. */
export function lookup_u8_channels(y: usize, x: usize, tables: usize, width: i32, yStride: i32, xStride: i32, begin: i32, end: i32): void {
  for (let row = begin; row < end; row++) {
    const from = x + <usize>row * xStride, to = y + <usize>row * yStride;
    for (let at: usize = 0; at < <usize>width << 2; at += 4) {
      const pixel = load<u32>(from + at);
      const low = <u32>load<u8>(tables + (pixel & 255)) | (<u32>load<u8>(tables + (pixel >> 8 & 255), 256) << 8);
      const high = <u32>load<u8>(tables + (pixel >> 16 & 255), 512) | (pixel >> 24 << 8);
      store<u32>(to + at, low | high << 16);
    }
  }
}

/** counts[channel, level] += pixels of x that have it, for channels begin..end; counts: [3, 256] uint32. */
export function histogram_u8(counts: usize, x: usize, width: i32, height: i32, xStride: i32, begin: i32, end: i32): void {
  for (let channel = begin; channel < end; channel++) {
    const row0 = counts + (<usize>channel << 10);
    for (let row = 0; row < height; row++) {
      const from = x + <usize>row * xStride + channel;
      for (let column = 0; column < width; column++) {
        const place = row0 + (<usize>load<u8>(from + (<usize>column << 2)) << 2);
        store<u32>(place, load<u32>(place) + 1);
      }
    }
  }
}
