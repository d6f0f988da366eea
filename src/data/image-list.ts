import { ArgumentError, DataError, LimitError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import { openSource } from "../core/source.js";
import { readCsv } from "./csv.js";
import type { Dataset, Split } from "./dataset.js";
import type { ImageSource } from "./image.js";
import { fromLabelled, type Labelled } from "./labels.js";
import { givenSplit, VALIDATION_NAMES } from "./split.js";

/** An image in memory, or where it is, with its class name or class index. */
export interface ListItem {
  readonly image: ImageSource;
  readonly label: string | number;
  /** Default: the path or URL where `image` is one, else `item 0`, `item 1`, ... */
  readonly id?: string;
}

export interface ListOptions {
  /** Class names in the order of their indices; default: the labels that occur, sorted. */
  classes?: readonly string[];
}

export interface CsvOptions extends ListOptions {
  /** Name of the column of paths or URLs (default "image"). */
  image?: string;
  /** Name of the column of class names (default "label"). */
  label?: string;
  /** Folder or URL that paths in the file are relative to; default: where the file is. */
  root?: string;
  /** Name of a column that says `train` or `val` (or `valid`, `validation`, `test`) for each row. */
  split?: string;
  /** What separates columns (default ","). */
  delimiter?: string;
}

async function fromCsv(source: string | URL | Blob, options: CsvOptions & { split: string }): Promise<Split>;
async function fromCsv(source: string | URL | Blob, options?: CsvOptions & { split?: undefined }): Promise<Dataset>;
async function fromCsv(source: string | URL | Blob, options?: CsvOptions): Promise<Dataset | Split>;
async function fromCsv(source: string | URL | Blob, options: CsvOptions = {}): Promise<Dataset | Split> {
  const { image = "image", label = "label", split, classes, delimiter = "," } = options;
  const isText = typeof source === "string" && source.includes("\n");
  const where = isText ? "CSV text" : source instanceof Blob ? "CSV file" : String(source);
  const root = options.root ?? (isText || source instanceof Blob ? "" : folderOf(String(source)));
  const rows = await readCsv(isText ? source : await readText(source), split === undefined ? [image, label] : [image, label, split], where, delimiter);
  const items = rows.map(({ line, values: [path, name, side] }) => {
    if (path === "") throw new DataError(`${where} line ${line}: column ${JSON.stringify(image)} is empty`);
    if (name === "") throw new DataError(`${where} line ${line}: column ${JSON.stringify(label)} is empty`);
    if (split !== undefined && side !== "train" && !isValidationName(side)) {
      throw new DataError(
        `${where} line ${line}: column ${JSON.stringify(split)} is ${JSON.stringify(side)}, expected train or one of ${VALIDATION_NAMES.join(", ")}`,
      );
    }
    return { image: resolve(path, root), label: name, id: path, side };
  });
  if (split === undefined) return fromLabelled(items, where, classes);
  const held = VALIDATION_NAMES.find((name) => items.some(({ side }) => side === name)) ?? VALIDATION_NAMES[0];
  return givenSplit(
    items.filter(({ side }) => side === "train"),
    items.filter(({ side }) => side === held),
    where,
    classes,
  );
}

/** Images that are listed one by one. */
export const ImageList = {
  /**
   * Reads a manifest: a first row of column names, then one row an image. `splitDataset` splits it at random.
   *
   * @param source path or URL of the file, the File itself, or its text (anything with a line break)
   * @returns a data set, or with `options.split` a split; where several of val, valid, validation and test occur the first of them is used
   * @throws {DataError} naming the line that cannot be used, {LimitError} above `limits.textBytes`
   */
  fromCsv,

  /**
   * A data set of items in memory: paths, URLs, Blobs, bytes or pixels.
   * @throws {DataError} for no items, fewer than two classes, or a label that is no class
   */
  from(items: Iterable<ListItem>, { classes }: ListOptions = {}): Dataset {
    const labelled: Labelled[] = [];
    for (const { image, label, id } of items) {
      labelled.push({ image, label, id: id ?? (typeof image === "string" || image instanceof URL ? String(image) : `item ${labelled.length}`) });
    }
    return fromLabelled(labelled, "ImageList", classes);
  },

  /**
   * Collects a stream of items, at most `limit` of them (default: all), then as `from`.
   * @param options.signal ends the collecting with its reason, as soon as the stream gives the next item
   * @throws {ArgumentError} for a limit that is no whole number of 0 or more
   */
  async fromAsync(
    items: AsyncIterable<ListItem> | Iterable<ListItem>,
    { limit = Number.POSITIVE_INFINITY, classes, signal }: ListOptions & { limit?: number; signal?: AbortSignal } = {},
  ): Promise<Dataset> {
    if (!(limit >= 0) || (limit !== Number.POSITIVE_INFINITY && !Number.isInteger(limit)))
      throw new ArgumentError(`ImageList: expected a whole limit of 0 or more, got ${limit}`);
    const collected: ListItem[] = [];
    if (limit > 0) {
      for await (const item of items) {
        signal?.throwIfAborted();
        collected.push(item);
        if (collected.length === limit) break;
      }
    }
    return ImageList.from(collected, { classes });
  },
};

function isValidationName(name: string): boolean {
  return (VALIDATION_NAMES as readonly string[]).includes(name);
}

async function readText(from: string | URL | Blob): Promise<string> {
  const source = await openSource(from);
  try {
    if (source.size > limits.textBytes) throw new LimitError(`a CSV file of ${source.size} bytes is larger than ${limits.textBytes} (${source.name})`);
    return new TextDecoder("utf-8", { fatal: true }).decode(await source.read(0, source.size));
  } catch (error) {
    if (error instanceof TypeError) throw new DataError(`${source.name} is not valid UTF-8 text`, { cause: error });
    throw error;
  } finally {
    await source.close();
  }
}

/** Everything before the last `/` (or `\` in a Windows path); "" for a bare name. */
function folderOf(path: string): string {
  return /^(.*)[/\\]/s.exec(path.replace(/[?#].*$/s, (query) => (/^https?:/i.test(path) ? "" : query)))?.[1] ?? "";
}

/** `path` below `root`, unless it is absolute or a URL. */
function resolve(path: string, root: string): string {
  const stands = root === "" || /^([/\\]|[a-z]:[/\\]|[a-z][a-z0-9+.-]+:)/i.test(path);
  return stands ? path : `${root}/${path}`;
}
