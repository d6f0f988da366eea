/**
 * Figures of docs/vision.md: `npm run verify:vision`, or some of its parts: `npm run verify:vision -- ocelli`. With the photos and the MobileNetV2 of
 * the assets (`OCELLI_TEST_ASSETS`, else ../shared/assets):
 *
 * - `mobilenet`, `ocelli`: the network learns some classes of imagenette, is calibrated on half of their validation images or on few, and has to
 *   tell the other half from the classes that it never saw;
 * - `alike`, duplicates: what cosine photos keep that were made smaller, compressed again or made brighter, and what others have at most;
 *   search: milliseconds a query, and for all pairs.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Jimp } from "jimp";
import { createModel, type Dataset, fineTune, type FineTuneOptions, ImageList, type ImageSource, type Model, TarShards } from "../dist/index.js";
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

/** How a backbone knows images of classes that its head did not learn, calibrated on many images and on few, alone and beside those it learnt from. */
async function unknown(what: string, start: (labels: readonly string[]) => Promise<Model>, options: FineTuneOptions): Promise<void> {
  const cases = [25, 5].flatMap((count) => [false, true].map((beside) => ({ count, beside, rows: [] as number[][] })));
  for (const first of [0, 3, 6]) {
    const held = classes.slice(first, first + 3);
    const known = classes.filter((name) => !held.includes(name));
    const model = await start(known);
    const learnt = ImageList.from(await itemsOf(train, known), { classes: known });
    await fineTune(model, { train: learnt }, options);
    const seen = await itemsOf(validation, known);
    const half = (rest: number) => seen.filter((_, i) => i % 2 === rest);
    const others = await itemsOf(validation, held);
    const images = [...half(1), ...others].map(({ image }) => image);
    const isOther = images.map((_, i) => i >= half(1).length);
    for (const { count, beside, rows } of cases) {
      const some = known.flatMap((name) =>
        half(0)
          .filter(({ label }) => label === name)
          .slice(0, count),
      );
      const { before, after } = await calibrate(model, ImageList.from(some, { classes: known }), { examples: beside ? learnt : undefined });
      const found = await recognize(model, images);
      const area = areaUnderRoc(
        Float64Array.from(found, ({ familiarity }) => -familiarity),
        isOther,
      ) as number;
      const share = (other: boolean) =>
        found.filter(({ isUnknown }, i) => isUnknown && isOther[i] === other).length / isOther.filter((is) => is === other).length;
      rows.push([area, share(true), share(false), before.loss, after.loss]);
    }
    model.close();
  }
  for (const { count, beside, rows } of cases) {
    const of = (column: number) => rows.map((row) => row[column].toFixed(3)).join(" ");
    console.log(
      `${what}, ${count} images a class to calibrate on${beside ? ", compared with those that it learnt from" : ""}: ` +
        `area under ROC ${of(0)}; found ${of(1)}; false alarms ${of(2)}; loss ${of(3)} -> ${of(4)}`,
    );
  }
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

async function alike(): Promise<void> {
  const model = await open();
  await duplicates(model);
  await search(model);
  model.close();
}

const parts: Record<string, () => Promise<void>> = {
  mobilenet: () => unknown("mobilenet_v2, head alone", (labels) => open({ labels }), { epochs: 0 }),
  ocelli: () => unknown("ocelli_s, head alone", (labels) => createModel("ocelli_s", { pretrained: true, labels }), { epochs: 0 }),
  alike,
};
for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts)) {
  if (!Object.hasOwn(parts, name)) throw new Error(`verify-vision: expected some of ${Object.keys(parts).join(", ")}, got ${name}`);
  await parts[name]();
}
