import type { Pixels } from "./pixels.js";

/** EXIF tag 274: which corner of the scene is stored first. 1 is upright; 5 to 8 swap width and height. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export function isOrientation(value: number | undefined): value is Orientation {
  return value !== undefined && Number.isInteger(value) && value >= 1 && value <= 8;
}

/**
 * Turns and mirrors a stored picture so that it stands upright; a permutation of pixels.
 *
 * @see Exif 2.32, 4.6.4, tag Orientation; Pillow's `ImageOps.exif_transpose`
 */
export function orient(pixels: Pixels, orientation: Orientation): Pixels {
  if (orientation === 1) return pixels;
  const { data, width, height, channels } = pixels;
  const swapped = orientation >= 5;
  // Stored columns run right to left for 2, 3, 7 and 8 on the upright picture's axis, stored rows bottom to top for 3, 4, 6 and 7.
  const mirrored = [2, 3, 7, 8].includes(orientation);
  const flipped = [3, 4, 6, 7].includes(orientation);
  const outWidth = swapped ? height : width;
  const columnStep = swapped ? outWidth : 1;
  const rowStep = swapped ? 1 : outWidth;
  const turned = new Uint8Array(data.length);
  for (let y = 0, from = 0; y < height; y++) {
    const row = (flipped ? height - 1 - y : y) * rowStep;
    for (let x = 0; x < width; x++) {
      const to = (row + (mirrored ? width - 1 - x : x) * columnStep) * channels;
      for (let channel = 0; channel < channels; channel++) turned[to + channel] = data[from++];
    }
  }
  return { data: turned, width: outWidth, height: swapped ? width : height, channels };
}
