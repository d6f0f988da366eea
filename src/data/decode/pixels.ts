import { FormatError, LimitError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";

/** 8-bit samples in rows from the top left, shape `[height, width, channels]`: 1 is grey, 3 is RGB, 4 is RGBA with straight alpha. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

/** The same picture with 3 channels: grey is repeated, alpha is dropped and not composited, as Pillow's `convert("RGB")` does. */
export function toRgb(pixels: Pixels): Pixels {
  const { data, width, height, channels } = pixels;
  if (channels === 3) return pixels;
  const rgb = new Uint8Array(width * height * 3);
  const green = channels === 1 ? 0 : 1;
  const blue = channels === 1 ? 0 : 2;
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    rgb[to] = data[from];
    rgb[to + 1] = data[from + green];
    rgb[to + 2] = data[from + blue];
  }
  return { data: rgb, width, height, channels: 3 };
}

/** CMYK (0 = no ink) to RGB with Pillow's integer rule: each ink takes its rounded share of what black leaves. */
export function cmykToRgb(cmyk: Uint8Array, width: number, height: number): Pixels {
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4) {
    const light = 255 - cmyk[from + 3];
    for (let ink = 0; ink < 3; ink++) {
      const product = cmyk[from + ink] * light + 128;
      rgb[to++] = Math.max(0, light - (((product >> 8) + product) >> 8));
    }
  }
  return { data: rgb, width, height, channels: 3 };
}

/** Samples of 1, 2 or 4 bits, most significant first, one per byte and times `scale`. */
export function unpackBits(packed: Uint8Array, count: number, depth: number, scale = 1): Uint8Array {
  const samples = new Uint8Array(count);
  const mask = (1 << depth) - 1;
  for (let i = 0, bit = 0; i < count; i++, bit += depth) samples[i] = ((packed[bit >> 3] >> (8 - depth - (bit & 7))) & mask) * scale;
  return samples;
}

/** @throws {FormatError} on a side below 1; @throws {LimitError} on more than `limits.imagePixels` pixels */
export function checkSize(width: number, height: number, format: string, name: string): void {
  if (width < 1 || height < 1) throw new FormatError(`${format}: expected a width and height of at least 1, found ${width} x ${height} (${name})`);
  if (width * height > limits.imagePixels)
    throw new LimitError(`${format}: ${width} x ${height} pixels are more than limits.imagePixels, ${limits.imagePixels} (${name})`);
}
