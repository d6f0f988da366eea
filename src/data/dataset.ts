import { ArgumentError } from "../core/errors.js";
import type { ImageSource } from "./image.js";

/** One labelled image, not decoded yet; it can be posted to a worker. */
export interface Item {
  readonly image: ImageSource;
  /** Index into `classes`. */
  readonly label: number;
  /** Where the image comes from, for messages and reports. */
  readonly id: string;
}

/** Labelled images in a fixed order. */
export interface Dataset {
  /** Class names; a label is an index into them. */
  readonly classes: readonly string[];
  /** Number of items. */
  readonly length: number;
  /** @param index 0 to `length - 1` */
  item(index: number): Item | Promise<Item>;
  /** The items at `indices`, in that order, with the same classes. */
  subset(indices: ArrayLike<number>): Dataset;
}

/** The items at some positions. @throws the signal's reason when aborted */
export function itemsAt<T>(data: { item(index: number): T | Promise<T> }, positions: readonly number[], signal?: AbortSignal): Promise<T[]> {
  return Promise.all(
    positions.map(async (position) => {
      signal?.throwIfAborted();
      return data.item(position);
    }),
  );
}

/** What a model learns from and what it is measured on; both with the same classes. */
export interface Split {
  readonly classes: readonly string[];
  readonly train: Dataset;
  readonly validation: Dataset;
}

/** A data set of items that are all known. */
export function createDataset(classes: readonly string[], items: readonly Item[]): Dataset {
  const item = (index: number): Item => {
    if (!(index in items)) throw new ArgumentError(`data set: expected an index from 0 to ${items.length - 1}, got ${index}`);
    return items[index];
  };
  return { classes, length: items.length, item, subset: (indices) => createDataset(classes, Array.from(indices, item)) };
}
