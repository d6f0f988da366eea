import { Random } from "../core/random.js";
import { type Dataset, itemsAt } from "../data/dataset.js";
import type { DecodedImages } from "../data/image-cache.js";
import { type Mixing, mixBatch } from "../data/mixing.js";
import { prepareImages, sharedFloats } from "../data/prepare.js";
import type { Transform } from "../data/transforms/index.js";
import { argmax } from "../model/logits.js";
import type { KeptFeatures } from "./kept-features.js";
import { timesBefore } from "./sampling.js";
import type { Lesson } from "./teacher.js";

/** One step's input. `x` holds the images one after another, NHWC; it is valid until the next batch is asked for. */
export interface Batch {
  readonly x: Float32Array;
  /** Of mixed images: of the one that has the greatest share. */
  readonly labels: Int32Array;
  /** Probabilities [N, classes] to learn from in place of the labels, as mixing makes them; before label smoothing. */
  readonly targets?: Float32Array;
  /** What a teacher says of the images. */
  readonly lesson?: Lesson;
}

/** Gives batch number `index` of an epoch. */
export type BatchSource = (index: number) => Promise<Batch>;

/**
 * How an epoch is divided. All images are used, the last batch being shorter, unless it is one image behind others and
 * `dropSingle` says that it cannot stand alone; which image is left out changes with the order of the epoch.
 */
export function epochSize(images: number, batchSize: number, { dropSingle }: { dropSingle: boolean }): { batches: number; images: number } {
  const used = dropSingle && images > batchSize && images % batchSize === 1 ? images - 1 : images;
  return { batches: Math.ceil(used / batchSize), images: used };
}

/** Sizes that the batches of so many images have. */
export function partsOf(images: number, batchSize: number): number[] {
  return [...new Set([Math.min(images, batchSize), images % batchSize])].filter((batch) => batch > 0);
}

/** Batches that are being prepared while earlier ones train. */
const ahead = 2;
/** Batches of images that there are at one time. */
export const batchesAtOnce = ahead + 1;

export interface ImageBatches {
  readonly data: Dataset;
  /** The model's label of each of the data set's classes. */
  readonly labels: readonly number[];
  /** Positions in `data`, in the order of this epoch. */
  readonly order: ArrayLike<number>;
  readonly batchSize: number;
  readonly pipeline: readonly Transform[];
  /** Of the network's input: what the pipeline has to give. */
  readonly imageSize: readonly [height: number, width: number];
  readonly channels: 1 | 3;
  /** Augmentation draws follow from the seed, this, the image's position in `data`, and how often it came in the order before. */
  readonly seed: number;
  readonly stream: readonly number[];
  /** What is mixed, into how many classes; its draws follow from the seed, this stream, and the batch. */
  readonly mixing?: Mixing & { readonly classes: number; readonly stream: readonly number[] };
  readonly inline: boolean;
  /** Of `data`: what was decoded already, and room for more. */
  readonly decoded?: DecodedImages;
  readonly signal?: AbortSignal;
}

/** Batches of augmented images, prepared ahead in the pool's threads. Ask for them in order. */
export function imageBatches({
  data,
  labels,
  order,
  batchSize,
  pipeline,
  imageSize,
  channels,
  seed,
  stream,
  mixing,
  inline,
  decoded,
  signal,
}: ImageBatches): BatchSource {
  const coming = new Map<number, Promise<Batch>>();
  const rooms: Promise<Float32Array>[] = [];
  const count = Math.ceil(order.length / batchSize);
  const before = timesBefore(order);
  const make = async (index: number): Promise<Batch> => {
    const positions = Array.from({ length: Math.min(batchSize, order.length - index * batchSize) }, (_, i) => order[index * batchSize + i]);
    const items = await itemsAt(data, positions, signal);
    const [height, width] = imageSize;
    const size = height * width * channels;
    rooms[index % batchesAtOnce] ??= sharedFloats(batchSize * size);
    const x = await rooms[index % batchesAtOnce];
    const names = items.map(({ id }) => id);
    const draws = positions.map((position, i) => {
      const times = before[index * batchSize + i];
      return { seed, stream: times > 0 ? [...stream, position, times] : [...stream, position] };
    });
    const images = await prepareImages(
      items.map(({ image }) => image),
      {
        pipeline,
        channels,
        inline,
        signal,
        names,
        imageSize,
        draws,
        into: x.subarray(0, items.length * size),
        decoded: decoded && { images: decoded, positions },
      },
    );
    const batch = { x: x.subarray(0, images.length * size), labels: Int32Array.from(items, ({ label }) => labels[label]) };
    if (!mixing) return batch;
    const { classes } = mixing;
    const targets = mixBatch({ ...batch, classes, height, width, channels }, mixing, new Random(seed, ...mixing.stream, index));
    return { ...batch, targets, labels: batch.labels.map((_, i) => argmax(targets.subarray(i * classes, (i + 1) * classes))) };
  };
  const start = (index: number) => {
    if (index >= count || coming.has(index)) return;
    const batch = make(index);
    batch.catch(() => {}); // heard when the batch is asked for
    coming.set(index, batch);
  };
  return (index) => {
    for (let next = index; next <= index + ahead; next++) start(next);
    const batch = coming.get(index) as Promise<Batch>;
    coming.delete(index);
    return batch;
  };
}

/** Batches of backbone results that were computed once. */
export function featureBatches({ rows, labels }: KeptFeatures, order: ArrayLike<number>, batchSize: number): BatchSource {
  return async (index) => {
    const positions = Array.from({ length: Math.min(batchSize, order.length - index * batchSize) }, (_, i) => order[index * batchSize + i]);
    const size = rows[0].length;
    const x = new Float32Array(positions.length * size);
    positions.forEach((position, i) => x.set(rows[position], i * size));
    return { x, labels: Int32Array.from(positions, (position) => labels[position]) };
  };
}
