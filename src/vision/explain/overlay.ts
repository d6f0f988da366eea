import { ArgumentError } from "../../core/errors.js";
import { giveWay } from "../../core/slices.js";
import type { ImageSource } from "../../data/image.js";
import { prepareImages } from "../../data/prepare.js";
import type { CallOptions } from "../../model/call-options.js";
import type { Explanation } from "./explain.js";

export interface OverlayOptions extends CallOptions {
  /** Share of the colour where the heat is 1, default 0.7; less heat has less of it. */
  readonly opacity?: number;
}

/** Pixels as `ImageData` has them: RGBA. */
export interface Overlay {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly channels: 4;
}

/** From dark over red to bright, of rising lightness, so that it reads the same in gray and to eyes that take red for green. */
const colors = [
  [20, 10, 60],
  [110, 25, 110],
  [190, 55, 85],
  [240, 120, 35],
  [255, 230, 90],
] as const;

/** The image with its heat map drawn over it. @throws {ArgumentError} for another image than the one that was explained */
export async function overlay(image: ImageSource, { heat, width, height }: Explanation, { opacity = 0.7, signal }: OverlayOptions = {}): Promise<Overlay> {
  if (!(opacity >= 0 && opacity <= 1)) throw new ArgumentError(`overlay: opacity expected a number from 0 to 1, got ${opacity}`);
  const [pixels] = await prepareImages([image], { pipeline: [], channels: 3, signal });
  if (pixels.width !== width || pixels.height !== height)
    throw new ArgumentError(`overlay: expected the image that was explained, ${width} x ${height} pixels, got ${pixels.width} x ${pixels.height}`);
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    for (let at = y * width; at < (y + 1) * width; at++) {
      const share = opacity * heat[at];
      const place = heat[at] * (colors.length - 1);
      const [low, high] = [colors[Math.floor(place)], colors[Math.ceil(place)]];
      for (let channel = 0; channel < 3; channel++) {
        const color = low[channel] + (high[channel] - low[channel]) * (place - Math.floor(place));
        data[4 * at + channel] = pixels.data[3 * at + channel] * (1 - share) + color * share;
      }
    }
    await giveWay(signal);
  }
  return { data, width, height, channels: 4 };
}
