import { Random } from "../../src/core/random.js";
import type { Dataset } from "../../src/data/dataset.js";
import { ImageList, type ListItem } from "../../src/data/image-list.js";
import * as transforms from "../../src/data/transforms/index.js";
import type { Model } from "../../src/model/model.js";
import { type CreateOptions, createModel } from "../../src/zoo/create-model.js";

export const classes = ["dark", "middle", "bright"];

/** Noisy squares whose brightness tells their class; the classes take turns. */
export function tinyItems(count: number, { side = 10, channels = 3, seed = 0 }: { side?: number; channels?: 1 | 3; seed?: number } = {}): ListItem[] {
  return Array.from({ length: count }, (_, i) => {
    const random = new Random(seed, i);
    const label = i % classes.length;
    const data = Uint8Array.from({ length: side * side * channels }, () => 40 + 70 * label + random.integer(60));
    return { image: { data, width: side, height: side, channels }, label: classes[label], id: `image ${i}` };
  });
}

export function tinyData(count: number, options?: Parameters<typeof tinyItems>[1]): Dataset {
  return ImageList.from(tinyItems(count, options), { classes });
}

/** ResNet-20 on 8-pixel images: batch norm, residuals, no dropout. */
export function tinyResnet(options: CreateOptions = {}): Promise<Model> {
  return createModel("resnet20", { labels: classes, imageSize: 8, build: "simd", inline: true, ...options });
}

/** The small CNN on 10-pixel images: dropout and max-pool, no norms. */
export function tinyCnn(options: CreateOptions = {}): Promise<Model> {
  return createModel("small_cnn", { labels: classes, imageSize: 10, build: "simd", inline: true, ...options });
}

/** Draws for every image: a random part, a flip, other colours. */
export function jitter({ preprocessing: { crop, mean, std } }: Model): transforms.Pipeline {
  return [
    transforms.RandomResizedCrop(crop as number, { scale: [0.5, 1] }),
    transforms.RandomHorizontalFlip(),
    transforms.ColorJitter({ brightness: 0.1 }),
    transforms.Normalize(mean, std),
  ];
}

/** Asserts what must be true of any training: every weight is finite, every parameter moved, the loss fell. */
export async function learned(model: Model, before: ReadonlyMap<string, { data: Float32Array }>, losses: readonly number[]): Promise<string[]> {
  const wrong: string[] = [];
  const after = await model.parameters();
  const buffers = new Set(model.session.keptValues().flatMap(({ kind, name }) => (kind === "buffer" ? name : [])));
  for (const [name, { data }] of after) {
    if (!data.every(Number.isFinite)) wrong.push(`${name} is not finite`);
    const old = before.get(name)?.data;
    if (!buffers.has(name) && data.every((value, i) => value === old?.[i])) wrong.push(`${name} did not move`);
  }
  if (!((losses.at(-1) as number) < losses[0])) wrong.push(`the loss went from ${losses[0]} to ${losses.at(-1)}`);
  return wrong;
}
