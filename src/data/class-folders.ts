import { DataError } from "../core/errors.js";
import type { Split } from "./dataset.js";
import type { ImageSource } from "./image.js";
import { fromLabelled, type Labelled } from "./labels.js";
import { givenSplit, type SplitOptions, splitDataset, VALIDATION_NAMES } from "./split.js";

/** A file by its path below the data set's root, with `/` between names on every system. */
export interface PathImage {
  readonly path: string;
  readonly image: ImageSource;
  readonly id: string;
}

/** Whether a path names an image that is not hidden (a name that begins with a dot, or macOS' `__MACOSX`). */
export function isImagePath(path: string): boolean {
  return /\.(jpe?g|png|bmp|gif|tiff?|webp)$/i.test(path) && !/(^|\/)(\.|__MACOSX\/)/.test(path);
}

/** `train/` and the validation folder, where images lie in folders of `train/` and none beside those folders; else "". */
export function splitPrefixes(files: readonly PathImage[]): { train: string; validation?: string } {
  const tops = new Set<string>();
  let flat = false;
  for (const { path } of files) {
    const [top, ...rest] = path.split("/");
    if (rest.length > 1) tops.add(top);
    else if (top === "train" && rest.length === 1) flat = true;
  }
  if (!tops.has("train") || flat) return { train: "" };
  const validation = VALIDATION_NAMES.find((name) => tops.has(name));
  return { train: "train/", validation: validation && `${validation}/` };
}

/** Files below `prefix`, in the order of their paths' code units, labelled with the folder right below it. Files in no folder are left out. */
export function labelByFolder(files: readonly PathImage[], prefix: string): Labelled[] {
  const labelled: (Labelled & { path: string })[] = [];
  for (const { path, image, id } of files) {
    const end = path.indexOf("/", prefix.length);
    if (end > prefix.length && path.startsWith(prefix)) labelled.push({ path, image, id, label: path.slice(prefix.length, end) });
  }
  labelled.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return labelled.map(({ image, id, label }) => ({ image, id, label }));
}

/**
 * Training and validation data of class folders: `train/<class>/` and `val/<class>/` where they exist, else `<class>/`
 * split with a seed.
 *
 * @param folders every folder's path, where known: a class folder without images is an error
 */
export function splitClassFolders(
  files: readonly PathImage[],
  folders: readonly string[],
  where: string,
  options: SplitOptions & { classes?: readonly string[] },
): Split | Promise<Split> {
  const { train, validation } = splitPrefixes(files);
  const side = (prefix: string) => {
    const labelled = labelByFolder(files, prefix);
    const filled = new Set(labelled.map(({ label }) => label));
    const empty = folders.find((path) => path.startsWith(prefix) && !path.includes("/", prefix.length) && !filled.has(path.slice(prefix.length)));
    if (labelled.length > 0 && empty !== undefined) throw new DataError(`${where}: class folder ${empty} has no images (jpg, png, bmp, gif, tiff, webp)`);
    return labelled;
  };
  if (validation) return givenSplit(side(train), side(validation), where, options.classes);
  const labelled = side(train);
  if (labelled.length === 0) throw new DataError(`${where}: expected one folder of images for each class, found no images in folders`);
  return splitDataset(fromLabelled(labelled, where, options.classes), options);
}
