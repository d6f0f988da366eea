import { statSync } from "node:fs";
import { DataError, ImageFolder, ImageList, type RecipeShards, type Split, splitDataset, TarShards } from "../index.js";

/** A data set from what a path is: a folder with a sub-folder per class, a `.csv` manifest, or a `.tar`; or from tar shards. */
export async function openData(path: string | RecipeShards, { validation, seed }: { validation?: number; seed?: number } = {}): Promise<Split> {
  if (typeof path === "object") return TarShards.openSplit(path.shards, { prefix: path.prefix, labelKey: path.labelKey, validation, seed });
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (cause) {
    throw new DataError(`cannot open ${path}: there is no such file or folder`, { cause });
  }
  if (isFolder) return ImageFolder.open(path, { validation, seed });
  if (path.endsWith(".tar")) return TarShards.openSplit(path, { validation, seed });
  if (path.endsWith(".csv")) return splitDataset(await ImageList.fromCsv(path), { validation, seed });
  throw new DataError(`cannot open ${path}: expected a folder with one sub-folder per class, a .csv manifest or a .tar`);
}
