import { DataError } from "../core/errors.js";
import { hasFiles } from "../core/source.js";
import { isImagePath, splitClassFolders } from "./class-folders.js";
import type { Split } from "./dataset.js";
import type { SplitOptions } from "./split.js";

/** Images in folders: the name of an image's folder is its class. */
export const ImageFolder = {
  /**
   * Lists a folder of class folders: `photos/cat/1.jpg`. Where it holds `train/` and `val/` (or `valid/`, `validation/`,
   * `test/`) those are the split; else every class is split at random. Images in folders below a class folder belong to
   * that class; hidden files, other file types and images in no class folder are left out. Nothing is decoded.
   *
   * @param from a path or file URL; or the Files of `<input type="file" webkitdirectory>`
   * @param options.validation share of every class held out for validation (default 0.2); unused where the folder has its own split
   * @param options.seed of the random split (default 0)
   * @param options.signal ends the listing with its reason
   * @throws {DataError} for a folder that cannot be read, a class without images, fewer than two classes, or training and validation with different classes
   */
  async open(from: string | URL | Iterable<File>, options: SplitOptions & { signal?: AbortSignal } = {}): Promise<Split> {
    if (typeof from === "string" || from instanceof URL) {
      if (!hasFiles) throw new DataError(`ImageFolder: there is no file system here to open ${from} in; pass the Files of a directory input`);
      const { root, files, folders } = await (await import("./list-folder-node.js")).listFolder(from, options.signal);
      const images = files.filter(isImagePath).map((path) => ({ path, id: path, image: `${root}/${path}` }));
      return splitClassFolders(images, folders, root, options);
    }
    const files = Array.from(from, (image) => ({ path: image.webkitRelativePath.replace(/^[^/]*\//, ""), id: image.webkitRelativePath, image }));
    return splitClassFolders(
      files.filter(({ path }) => isImagePath(path)),
      [],
      "ImageFolder",
      options,
    );
  },
};
