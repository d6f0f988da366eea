import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Pixels of a side of an image. */
export const side = 28;
export const names = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot"];
/** Of Debian's package `dataset-fashion-mnist`. */
export const defaultFolder = "/usr/share/datasets/fashion-mnist";

const prefixes = { train: "train", test: "t10k" };
const headerBytes = { images: 16, labels: 8 };

export interface LabelledPixels {
  /** Gray levels, row by row. */
  readonly pixels: Uint8Array;
  /** Index into `names`. */
  readonly label: number;
}

/** All images of a part of Fashion-MNIST, from its gzipped IDX files. */
export function readFashionMnist(folder: string, part: keyof typeof prefixes): LabelledPixels[] {
  const read = (kind: keyof typeof headerBytes, dimensions: number) =>
    gunzipSync(readFileSync(join(folder, `${prefixes[part]}-${kind}-idx${dimensions}-ubyte.gz`))).subarray(headerBytes[kind]);
  const images = read("images", 3);
  return Array.from(read("labels", 1), (label, i) => ({ label, pixels: images.subarray(i * side * side, (i + 1) * side * side) }));
}
