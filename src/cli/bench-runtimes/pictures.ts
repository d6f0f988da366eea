import { Jimp, JimpMime } from "jimp";
import { Random } from "../../core/random.js";

/** A JPEG file with the name of its class. */
export interface Picture {
  readonly label: string;
  /** The file in base64, which goes as JSON into any runtime. */
  readonly jpeg: string;
}

/** Larger than what networks see, and not square, so that every transform has something to do. */
const width = 112;
const height = 96;
/** Of JPEG: a few kilobytes a picture. */
const quality = 75;

/** How far along its pattern a point is: in units of the pattern, whole numbers apart alike. */
type Pattern = (x: number, y: number) => number;

/** What tells classes apart: a pattern by its direction, of no fixed length, and the colour that half of it leans towards. */
const classes: Record<string, { readonly pattern: (dx: number, dy: number) => Pattern; readonly colour: readonly number[] }> = {
  stripes: { pattern: (dx, dy) => (x, y) => x * dx + y * dy, colour: [220, 60, 40] },
  rings: { pattern: (dx, dy) => (x, y) => Math.sqrt((x - 48 * dx) * (x - 48 * dx) + (y - 48 * dy) * (y - 48 * dy)), colour: [40, 170, 80] },
  checks: { pattern: (dx, dy) => (x, y) => (Math.floor((x * dx + y * dy) / 12) + Math.floor((y * dx - x * dy) / 12)) * 12, colour: [50, 80, 220] },
  blots: { pattern: (dx, dy) => (x, y) => ((x * dx) % 16) * ((y * dy) % 16), colour: [230, 200, 60] },
};
/** Levels that a colour may be from its class's, and noise of a pixel. */
const spread = 48;
const noise = 8;

export const labels: readonly string[] = Object.keys(classes);

/** Pictures of four kinds, in turns, in colours, directions and sizes of their own: the same bytes wherever they are made. */
export function pictures(count: number, seed = 0): Promise<Picture[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const label = labels[i % labels.length];
      const image = new Jimp({ width, height });
      image.bitmap.data.set(paint(label, new Random(seed, i)));
      return { label, jpeg: (await image.getBuffer(JimpMime.jpeg, { quality })).toString("base64") };
    }),
  );
}

/** RGBA of a picture. */
function paint(label: string, random: Random): Uint8Array {
  const { pattern, colour } = classes[label];
  const at = pattern(random.uniform(0.5, 1.5), random.uniform(0.5, 1.5));
  const near = colour.map((level) => level + random.integer(2 * spread) - spread);
  const far = colour.map(() => random.integer(256));
  const period = random.uniform(16, 32);
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const side = (at(x, y) / period) % 1 < 0.5 ? near : far;
      const lighter = random.integer(noise);
      side.forEach((level, channel) => {
        data[(y * width + x) * 4 + channel] = level + lighter;
      });
    }
  }
  return new Uint8Array(data.buffer);
}
