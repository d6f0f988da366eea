import { brief } from "../core/brief.js";
import { ArgumentError, DataError } from "../core/errors.js";
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

/** What has items; a data set says what their classes are too. */
interface Items<T> {
  readonly classes?: readonly string[];
  item(index: number): T | Promise<T>;
}

/** The item at a position. @throws {DataError} for a label that is no index into the data set's classes */
export async function itemAt<T extends Partial<Item>>(data: Items<T>, position: number): Promise<T> {
  const item = await data.item(position);
  const { classes } = data;
  if (classes && !(Number.isInteger(item?.label) && (item.label as number) in classes)) {
    const which = item?.id === undefined ? `item ${position}` : `item ${position} (${item.id})`;
    throw new DataError(`data set: ${which} has label ${brief(item?.label)}, expected the index of one of its ${classes.length} classes`);
  }
  return item;
}

/** The items at some positions. @throws {DataError} as `itemAt`; the signal's reason when aborted */
export function itemsAt<T extends Partial<Item>>(data: Items<T>, positions: readonly number[], signal?: AbortSignal): Promise<T[]> {
  return Promise.all(
    positions.map(async (position) => {
      signal?.throwIfAborted();
      return itemAt(data, position);
    }),
  );
}

/** What a model learns from and what it is measured on; both with the same classes. */
export interface Split {
  readonly classes: readonly string[];
  readonly train: Dataset;
  readonly validation: Dataset;
}

const isDataset = (data: unknown): boolean => {
  const { classes, length, item } = (data ?? {}) as Partial<Dataset>;
  return Array.isArray(classes) && typeof length === "number" && typeof item === "function";
};
const isSplit = (data: unknown): boolean => {
  const { train, validation } = (data ?? {}) as Partial<Split>;
  return isDataset(train) && (validation === undefined || isDataset(validation));
};

/** @param where the call, for the message @throws {ArgumentError} for what is no data set, such as one split in two */
export function checkDataset(where: string, data: unknown): void {
  if (isDataset(data)) return;
  const found = isSplit(data) ? "one split in two: give its train or its validation" : brief(data);
  throw new ArgumentError(`${where}: expected a data set, such as the validation of what ImageFolder.open gives, got ${found}`);
}

/** @param where the call, for the message @throws {ArgumentError} for what has no images to learn from, or is not split */
export function checkSplit(where: string, data: unknown): void {
  if (isSplit(data)) return;
  const found = isDataset(data) ? "one data set: splitDataset divides it, { train: data } learns from all of it" : brief(data);
  throw new ArgumentError(`${where}: expected { train, validation }, as ImageFolder.open gives, got ${found}`);
}

/** A data set of items that are all known. */
export function createDataset(classes: readonly string[], items: readonly Item[]): Dataset {
  const item = (index: number): Item => {
    if (!(index in items)) throw new ArgumentError(`data set: expected an index from 0 to ${items.length - 1}, got ${index}`);
    return items[index];
  };
  return { classes, length: items.length, item, subset: (indices) => createDataset(classes, Array.from(indices, item)) };
}
