import { giveWay } from "../../core/slices.js";
import type { Preprocessing } from "../../data/preprocessing.js";
import { centerRectangle } from "../../data/transforms/crop.js";
import { resizedSize } from "../../data/transforms/resize.js";
import type { HeatGrid } from "./grad-cam.js";

/** Where a pixel reads the grid along one axis: between two cells, or nowhere (`share` NaN). */
interface Reading {
  readonly before: number;
  readonly after: number;
  readonly share: number;
}

/**
 * A grid over a network's input, drawn over the whole image that the input was cut from: bilinear between the middles of the cells (PyTorch's
 * `interpolate` with `align_corners=False`), 0 where the network did not look.
 *
 * @param size of the image in pixels
 */
export async function overImage(
  { data, width, height }: HeatGrid,
  size: { readonly width: number; readonly height: number },
  { resize, crop }: Preprocessing,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const resized = resize === null ? size : resizedSize(size, typeof resize === "number" ? resize : [resize[0], resize[1]], null);
  const seen = centerRectangle(resized, typeof crop === "number" ? crop : [crop[0], crop[1]]);
  const columns = readings(size.width, resized.width / size.width, seen.left, seen.width, width);
  const rows = readings(size.height, resized.height / size.height, seen.top, seen.height, height);
  const heat = new Float32Array(size.width * size.height);
  for (let y = 0; y < size.height; y++) {
    const { before: above, after: below, share: down } = rows[y];
    if (Number.isNaN(down)) continue;
    for (let x = 0; x < size.width; x++) {
      const { before, after, share } = columns[x];
      if (Number.isNaN(share)) continue;
      const upper = data[above * width + before] * (1 - share) + data[above * width + after] * share;
      const lower = data[below * width + before] * (1 - share) + data[below * width + after] * share;
      heat[y * size.width + x] = upper * (1 - down) + lower * down;
    }
    await giveWay(signal);
  }
  return heat;
}

/** Of each pixel of an axis: `scale` brings it to the resized image, of which `length` pixels from `start` are seen, in so many `cells`. */
function readings(pixels: number, scale: number, start: number, length: number, cells: number): Reading[] {
  return Array.from({ length: pixels }, (_, pixel) => {
    const at = (pixel + 0.5) * scale - start;
    if (at < 0 || at > length) return { before: 0, after: 0, share: Number.NaN };
    const cell = Math.min(cells - 1, Math.max(0, (at * cells) / length - 0.5));
    const before = Math.floor(cell);
    return { before, after: Math.min(cells - 1, before + 1), share: cell - before };
  });
}
