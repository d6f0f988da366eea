/**
 * Writes `examples/fashion/`: the first images of each Fashion-MNIST class as PNG files in class folders, 100 to train
 * and 50 to validate. Reads the IDX files of Debian's package `dataset-fashion-mnist`, or of the folder given.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Jimp } from "jimp";
import { defaultFolder, names, readFashionMnist, side } from "./fashion-mnist.js";

const source = process.argv[2] ?? defaultFolder;
const target = join(import.meta.dirname, "../examples/fashion");

for (const [folder, part, perClass] of [
  ["train", "train", 100],
  ["val", "test", 50],
] as const) {
  const counts = names.map(() => 0);
  rmSync(join(target, folder), { recursive: true, force: true });
  for (const name of names) mkdirSync(join(target, folder, name), { recursive: true });
  for (const { pixels, label } of readFashionMnist(source, part)) {
    if (counts[label] === perClass) continue;
    const rgba = Buffer.from(Uint8Array.from({ length: side * side * 4 }, (_, at) => (at % 4 === 3 ? 255 : pixels[at >> 2])));
    const png = await new Jimp({ width: side, height: side, data: rgba }).getBuffer("image/png", { colorType: 0 });
    writeFileSync(join(target, folder, names[label], `${String(counts[label]++).padStart(3, "0")}.png`), png);
  }
}
