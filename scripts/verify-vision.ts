/**
 * Figures of docs/vision.md, with the photos and the MobileNetV2 of the assets (`OCELLI_TEST_ASSETS`, else ../shared/assets):
 *
 * - `none of these`: the head learns some classes of imagenette, the model is calibrated on half of their validation images, and has to tell the
 *   other half from the classes that it never saw;
 * - duplicates: what cosine photos keep that were made smaller, compressed again or made brighter, and what others have at most;
 * - search: milliseconds a query, and for all pairs.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Jimp } from "jimp";
import { createModel, type Dataset, fineTune, ImageList, type ImageSource, type Model, TarShards } from "../dist/index.js";
import { calibrate, EmbeddingIndex, recognize } from "../dist/vision/index.js";
import { areaUnderRoc } from "../src/model/roc.js";
import { assetsFolder } from "../test/assets.js";

const open = (options: { labels?: readonly string[] } = {}) =>
  createModel("mobilenet_v2", {
    pretrained: join(assetsFolder, "weights/mobilenet_v2_1.0_224_coral_tf2ptq/model.safetensors"),
    options: { padding: "same" },
    preprocessing: "-1..1",
    ...(options.labels ? { ...options, newHead: true } : { numClasses: 1001 }),
  });
const { train, validation, classes } = await TarShards.openSplit(join(assetsFolder, "data/imagenette-small.tar"));

interface Labelled {
  readonly image: ImageSource;
  readonly label: string;
}

async function itemsOf(data: Dataset, wanted: readonly string[]): Promise<Labelled[]> {
  const items = await Promise.all(Array.from({ length: data.length }, (_, i) => data.item(i)));
  return items.map(({ image, label }) => ({ image, label: classes[label] })).filter(({ label }) => wanted.includes(label));
}

async function unknown(): Promise<void> {
  const rows: number[][] = [];
  for (const first of [0, 3, 6]) {
    const held = classes.slice(first, first + 3);
    const known = classes.filter((name) => !held.includes(name));
    const model = await open({ labels: known });
    await fineTune(model, { train: ImageList.from(await itemsOf(train, known)) }, { freezeEpochs: 20, headLr: 1e-2, epochs: 0 });
    const seen = await itemsOf(validation, known);
    const half = (rest: number) => seen.filter((_, i) => i % 2 === rest);
    const report = await calibrate(model, ImageList.from(half(0), { classes: known }));
    const others = await itemsOf(validation, held);
    const found = await recognize(
      model,
      [...half(1), ...others].map(({ image }) => image),
    );
    const isOther = found.map((_, i) => i >= half(1).length);
    const area = areaUnderRoc(
      Float64Array.from(found, ({ familiarity }) => -familiarity),
      isOther,
    ) as number;
    const share = (other: boolean) =>
      found.filter(({ isUnknown }, i) => isUnknown && isOther[i] === other).length / isOther.filter((is) => is === other).length;
    rows.push([area, share(true), share(false)]);
    console.log(
      `without ${held.join(", ")}: area under ROC ${area.toFixed(4)}, found ${share(true).toFixed(3)}, false alarms ${share(false).toFixed(3)}; ` +
        `temperature ${report.temperature.toFixed(2)}, loss ${report.before.loss.toFixed(4)} -> ${report.after.loss.toFixed(4)}, error ${report.before.ece.toFixed(4)} -> ${report.after.ece.toFixed(4)}`,
    );
    model.close();
  }
  console.log(`mean: ${[0, 1, 2].map((column) => (rows.reduce((sum, row) => sum + row[column], 0) / rows.length).toFixed(4)).join("  ")}`);
}

async function duplicates(model: Model): Promise<void> {
  const folder = join(assetsFolder, "images/imagenet-sample-images");
  const changes = {
    "half the size": { scale: 0.5 },
    "0.8 of the size": { scale: 0.8 },
    "JPEG quality 50": { quality: 50 },
    "a tenth brighter": { brightness: 1.1 },
  };
  const similarities = new Map<string, number[]>();
  for (const file of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, file));
    const index = new EmbeddingIndex();
    const images = await Promise.all(
      Object.entries(changes).map(async ([id, change]) => {
        const { scale = 1, quality = 90, brightness = 1 } = change as { scale?: number; quality?: number; brightness?: number };
        const image = await Jimp.read(bytes);
        return { id, image: new Uint8Array(await image.scale(scale).brightness(brightness).getBuffer("image/jpeg", { quality })) };
      }),
    );
    await index.addImages(model, images);
    for (const { id, similarity } of await index.searchImage(model, new Uint8Array(bytes))) similarities.set(id, [...(similarities.get(id) ?? []), similarity]);
  }
  for (const [name, all] of similarities) {
    const found = (threshold: number) => (all.filter((similarity) => similarity >= threshold).length / all.length).toFixed(2);
    console.log(`${name}: least cosine ${Math.min(...all).toFixed(3)}; at .85 ${found(0.85)}, at .9 ${found(0.9)}, at .95 ${found(0.95)} of ${all.length}`);
  }
}

async function search(model: Model): Promise<void> {
  const index = await EmbeddingIndex.build(model, validation);
  const best: number[] = [];
  for (const id of index.ids) best.push((await index.search({ id }, { k: 1 }))[0].similarity);
  console.log(`${index.size} different photos: nearest other one has cosine ${Math.max(...best).toFixed(3)} at most`);
  const many = new EmbeddingIndex();
  for (let copy = 0; copy < 10; copy++)
    for (const id of index.ids)
      many.add(
        `${copy} ${id}`,
        index.embedding(id).map((value, i) => value + ((i * 7 + copy) % 5) / 5),
      );
  let start = performance.now();
  for (let i = 0; i < 50; i++) await many.search({ id: many.ids[i] });
  console.log(`a query among ${many.size} images: ${((performance.now() - start) / 50).toFixed(1)} ms`);
  start = performance.now();
  await many.duplicates();
  console.log(`all pairs of ${many.size} images: ${((performance.now() - start) / 1000).toFixed(2)} s`);
}

await unknown();
const model = await open();
await duplicates(model);
await search(model);
model.close();
