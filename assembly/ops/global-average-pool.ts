import { copyFloats, storeLanes } from "../lanes";

/** Pixels that are summed before the next partial sum starts: keeps the rounding of large maps small. */
const CHUNK: usize = 64;

/** y = mean over the pixels of x [N, pixels, C]; units are vectors of channels, n major. */
export function global_average_pool_f32(y: usize, x: usize, pixels: i32, channels: i32, begin: i32, end: i32): void {
  const step = <usize>channels << 2, vectors = (channels + 3) >> 2;
  const count = f32x4.splat(<f32>pixels);
  for (let unit = begin; unit < end; ) {
    const n = unit / vectors, vector = unit % vectors, at = <usize>vector << 4;
    const from = x + <usize>(n * pixels) * step + at, stop = from + <usize>pixels * step;
    const to = y + <usize>n * step + at;
    if (vector + 4 <= channels >> 2 && unit + 4 <= end) {
      let t0 = f32x4.splat(0), t1 = t0, t2 = t0, t3 = t0;
      for (let row = from; row < stop; ) {
        let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
        for (const rows = min(stop, row + CHUNK * step); row < rows; row += step) {
          s0 = f32x4.add(s0, v128.load(row));
          s1 = f32x4.add(s1, v128.load(row, 16));
          s2 = f32x4.add(s2, v128.load(row, 32));
          s3 = f32x4.add(s3, v128.load(row, 48));
        }
        t0 = f32x4.add(t0, s0);
        t1 = f32x4.add(t1, s1);
        t2 = f32x4.add(t2, s2);
        t3 = f32x4.add(t3, s3);
      }
      v128.store(to, f32x4.div(t0, count));
      v128.store(to, f32x4.div(t1, count), 16);
      v128.store(to, f32x4.div(t2, count), 32);
      v128.store(to, f32x4.div(t3, count), 48);
      unit += 4;
    } else {
      let total = f32x4.splat(0);
      for (let row = from; row < stop; ) {
        let sum = f32x4.splat(0);
        for (const rows = min(stop, row + CHUNK * step); row < rows; row += step) sum = f32x4.add(sum, v128.load(row));
        total = f32x4.add(total, sum);
      }
      storeLanes(to, f32x4.div(total, count), channels - (vector << 2));
      unit++;
    }
  }
}

/** y = (sum of x - zero over the pixels of x [N, pixels, C]) * factor, of bytes to floats; units are vectors of 16 channels, n major. */
export function global_average_pool_u8(y: usize, x: usize, pixels: i32, channels: i32, zero: i32, factor: f32, begin: i32, end: i32): void {
  const step = <usize>channels, vectors = (channels + 15) >> 4;
  const origin = i32x4.splat(zero * pixels), scale = f32x4.splat(factor);
  for (let unit = begin; unit < end; unit++) {
    const n = unit / vectors, vector = unit - n * vectors, left = channels - (vector << 4);
    const from = x + <usize>(n * pixels) * step + (<usize>vector << 4), stop = from + <usize>pixels * step;
    const to = y + (<usize>(n * channels + (vector << 4)) << 2);
    let a = i32x4.splat(0), b = a, c = a, d = a;
    for (let row = from; row < stop; row += step) {
      const bytes = v128.load(row), low = i16x8.extend_low_i8x16_u(bytes), high = i16x8.extend_high_i8x16_u(bytes);
      a = i32x4.add(a, i32x4.extend_low_i16x8_u(low));
      b = i32x4.add(b, i32x4.extend_high_i16x8_u(low));
      c = i32x4.add(c, i32x4.extend_low_i16x8_u(high));
      d = i32x4.add(d, i32x4.extend_high_i16x8_u(high));
    }
    storeLanes(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(a, origin)), scale), left);
    if (left > 4) storeLanes(to + 16, f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(b, origin)), scale), left - 4);
    if (left > 8) storeLanes(to + 32, f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(c, origin)), scale), left - 8);
    if (left > 12) storeLanes(to + 48, f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(d, origin)), scale), left - 12);
  }
}

/** dx = dy / pixels at every pixel; units are pixels, n major. */
export function global_average_pool_f32_backward_x(dx: usize, dy: usize, pixels: i32, channels: i32, begin: i32, end: i32): void {
  const step = <usize>channels << 2;
  const share = f32x4.splat(<f32>pixels);
  for (let unit = begin; unit < end; ) {
    const n = unit / pixels, first = dx + <usize>unit * step, count = min(pixels - (unit - n * pixels), end - unit);
    for (let left = channels, from = dy + <usize>n * step, to = first; left > 0; left -= 4, from += 16, to += 16) storeLanes(to, f32x4.div(v128.load(from), share), left);
    for (let to = first + step, stop = first + <usize>count * step; to < stop; to += step) copyFloats(to, first, channels);
    unit += count;
  }
}
