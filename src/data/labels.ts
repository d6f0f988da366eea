import { DataError } from "../core/errors.js";
import { createDataset, type Dataset, type Item } from "./dataset.js";
import type { ImageSource } from "./image.js";

/** An image with the label that its source gives it: a class name, or a class index. */
export interface Labelled {
  readonly image: ImageSource;
  readonly label: string | number;
  readonly id: string;
}

const MOST_CLASSES = 2 ** 20;

/**
 * A data set whose classes are `classes`, else the names that occur (sorted by code unit; by value where all are whole
 * numbers), else, for labels that are numbers, "0" up to the largest.
 *
 * @param where the data set's name, for messages
 * @throws {DataError} for no items, fewer than two classes, or a label that is not among the classes
 */
export function fromLabelled(items: readonly Labelled[], where: string, classes: readonly string[] = classesOf(items, where)): Dataset {
  if (classes.length < 2)
    throw new DataError(`${where}: expected at least two classes, got ${classes.length === 0 ? "none" : `only ${JSON.stringify(classes[0])}`}`);
  const indices = new Map(classes.map((name, index) => [name, index]));
  if (indices.size < classes.length)
    throw new DataError(`${where}: class ${JSON.stringify(classes.find((name, index) => indices.get(name) !== index))} is given twice`);
  const toItem = ({ image, label, id }: Labelled): Item => {
    const index = typeof label === "number" ? label : indices.get(label);
    if (index === undefined || !(index in classes))
      throw new DataError(`${where}: ${id} has label ${JSON.stringify(label)}, expected ${expected(label, classes)}`);
    return { image, label: index, id };
  };
  return createDataset(classes, items.map(toItem));
}

function classesOf(items: readonly Labelled[], where: string): string[] {
  if (items.length === 0) throw new DataError(`${where}: there are no images`);
  const kind = typeof items[0].label;
  const names = new Set<string>();
  let count = 0;
  for (const { label, id } of items) {
    if (typeof label !== kind) throw new DataError(`${where}: ${id} has label ${JSON.stringify(label)}, expected a ${kind} like the first item's`);
    if (typeof label === "string") names.add(label);
    else if (Number.isInteger(label) && label >= 0 && label < MOST_CLASSES) count = Math.max(count, label + 1);
    else throw new DataError(`${where}: ${id} has label ${label}, expected a whole number from 0 to ${MOST_CLASSES - 1} or a class name`);
  }
  if (kind === "number") return Array.from({ length: count }, (_, index) => String(index));
  const sorted = [...names].sort();
  return sorted.every((name) => /^\d{1,15}$/.test(name)) ? sorted.sort((a, b) => Number(a) - Number(b)) : sorted;
}

function expected(label: string | number, classes: readonly string[]): string {
  return typeof label === "number" ? `0 to ${classes.length - 1}` : `one of ${listNames(classes)}`;
}

/** At most ten names, for a message. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => JSON.stringify(name));
  return names.length > shown.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(", ");
}
