/**
 * Writes `examples/fashion/`: the first images of each Fashion-MNIST class as PNG files in class folders, 100 to train
 * and 50 to validate. Reads the IDX files of Debian's package `dataset-fashion-mnist`, or of the folder given.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Jimp } from "jimp";

const source = process.argv[2] ?? "/usr/share/datasets/fashion-mnist";
const target = join(import.meta.dirname, "../examples/fashion");
const names = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot"];
const headerBytes = { images: 16, labels: 8 };
const side = 28;

for (const [part, prefix, perClass] of [
  ["train", "train", 100],
  ["val", "t10k", 50],
] as const) {
  const images = gunzipSync(readFileSync(join(source, `${prefix}-images-idx3-ubyte.gz`))).subarray(headerBytes.images);
  const labels = gunzipSync(readFileSync(join(source, `${prefix}-labels-idx1-ubyte.gz`))).subarray(headerBytes.labels);
  const counts = names.map(() => 0);
  rmSync(join(target, part), { recursive: true, force: true });
  for (const name of names) mkdirSync(join(target, part, name), { recursive: true });
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (counts[label] === perClass) continue;
    const pixels = images.subarray(i * side * side, (i + 1) * side * side);
    const rgba = Buffer.from(Uint8Array.from({ length: side * side * 4 }, (_, at) => (at % 4 === 3 ? 255 : pixels[at >> 2])));
    const png = await new Jimp({ width: side, height: side, data: rgba }).getBuffer("image/png", { colorType: 0 });
    writeFileSync(join(target, part, names[label], `${String(counts[label]++).padStart(3, "0")}.png`), png);
  }
}
