import { DataError, FormatError } from "../core/errors.js";
import { isFile, openSource, type SourceLike } from "../core/source.js";
import { isImagePath, labelByFolder, type PathImage, splitClassFolders, splitPrefixes } from "./class-folders.js";
import type { Dataset, Split } from "./dataset.js";
import type { ImageSource } from "./image.js";
import { fromLabelled, type Labelled } from "./labels.js";
import { givenSplit, splitDataset } from "./split.js";
import { indexTar, type TarMember } from "./tar.js";

/**
 * Where tars are: a path or URL, in which `{0000..0011}` stands for that run of numbers; a folder, for all `*.tar` in it;
 * a path with `*` or `?` in its last name; a Blob or bytes; or a list of these.
 */
export type Shards = SourceLike | readonly SourceLike[];

export interface TarOptions {
  /** Only members whose path begins so, with that part left out (default: all; `./` at the start of a path never counts). */
  prefix?: string;
  /** Class names in the order of their indices; default: the labels that occur, sorted. */
  classes?: readonly string[];
  /** Member of a sample's `.json` that has its label (default "label"), where the file is an object. */
  labelKey?: string;
  /** Ends the listing with its reason. */
  signal?: AbortSignal;
}

/**
 * Images in tar archives, read in place: an archive is listed once by its headers and never unpacked.
 *
 * Two layouts are recognised. WebDataset: `x.jpg` with `x.cls` (a class index or name) or `x.json` (the same, or an object
 * that has it under `labelKey`). Class folders: `cat/1.jpg`, also below `train/` and `val/`, labelled with the folder.
 * @see https://github.com/webdataset/webdataset#the-webdataset-format
 */
export const TarShards = {
  /**
   * All images of some shards as one data set.
   * @throws {FormatError} for a tar that is damaged or cut off, {DataError} for a missing label, fewer than two classes,
   * or archives that hold both `train/` and `val/` (use `prefix` or `openSplit`)
   */
  async open(shards: Shards, options: TarOptions = {}): Promise<Dataset> {
    const { where, files, labelled } = await openShards(shards, options);
    if (labelled) return fromLabelled(labelled, where, options.classes);
    const { train, validation } = splitPrefixes(files);
    if (validation) throw new DataError(`${where}: there are ${train} and ${validation}; open one with { prefix } or both with TarShards.openSplit`);
    return fromLabelled(labelByFolder(files, onlyPrefix(files)), where, options.classes);
  },

  /**
   * Training and validation data: `train/` and `val/` (or `valid/`, `validation/`, `test/`) inside the shards where they
   * are, the shards given as `validation`, or a random share of every class.
   *
   * @param options.validation share of every class (default 0.2), or the shards to validate on
   * @throws {DataError} as `open`, and when the two sides do not have the same classes
   */
  async openSplit(shards: Shards, options: TarOptions & { validation?: number | Shards; seed?: number } = {}): Promise<Split> {
    const { validation, seed } = options;
    const opened = await openShards(shards, options);
    if (validation !== undefined && typeof validation !== "number") {
      const held = await openShards(validation, options);
      const [train, other] = [opened, held].map(({ labelled, files }) => labelled ?? labelByFolder(files, onlyPrefix(files)));
      return givenSplit(train, other, opened.where, options.classes);
    }
    const random = { validation, seed, classes: options.classes };
    if (opened.labelled) return splitDataset(fromLabelled(opened.labelled, opened.where, options.classes), random);
    return splitClassFolders(opened.files, [], opened.where, random);
  },
};

interface OpenedShards {
  readonly where: string;
  /** Images by their path inside the archive, without the prefix. */
  readonly files: PathImage[];
  /** The same with labels, where the archives have the WebDataset layout. */
  readonly labelled?: Labelled[];
}

async function openShards(shards: Shards, { prefix = "", labelKey = "label", signal }: TarOptions): Promise<OpenedShards> {
  const sources = (await Promise.all([shards].flat().map(expand))).flat();
  const where = sources.length === 1 && typeof sources[0] === "string" ? sources[0] : `TarShards of ${sources.length} archives`;
  const files: PathImage[] = [];
  const labelled: Labelled[] = [];
  for (const from of sources) {
    const archive = await openSource(from);
    try {
      const isUrl = /^https?:/i.test(archive.name);
      // A server that answers no Range requests gave the whole: it would do so again for each image.
      const blob = from instanceof Blob ? from : archive.whole && new Blob([archive.whole as Uint8Array<ArrayBuffer>]);
      const imageOf = ({ offset, size }: TarMember): ImageSource => (blob ? blob.slice(offset, offset + size) : { path: archive.name, offset, length: size });
      const shard = isUrl ? archive.name : archive.name.replace(/^.*[/\\]/s, "");
      const members = (await indexTar(archive, isLabelPath, signal)).flatMap((member) => {
        const path = member.path.replace(/^(\.\/)+/, "");
        return path.startsWith(prefix) ? [{ ...member, path: path.slice(prefix.length), id: `${shard}/${path}` }] : [];
      });
      const images = members.filter(({ path }) => isImagePath(path));
      for (const member of images) files.push({ path: member.path, id: member.id, image: imageOf(member) });
      const labels = new Map(members.filter(({ content }) => content).map((member) => [stem(member.path), member]));
      if (!images.some(({ path }) => labels.has(stem(path)))) continue;
      for (const member of images) {
        const label = labels.get(stem(member.path));
        if (!label) throw new DataError(`${where}: ${member.id} has no .cls or .json beside it`);
        labelled.push({ id: member.id, image: imageOf(member), label: readLabel(label, labelKey) });
      }
    } finally {
      await archive.close();
    }
  }
  if (files.length === 0) throw new DataError(`${where}: there are no images${prefix && ` below ${JSON.stringify(prefix)}`}`);
  if (labelled.length > 0 && labelled.length < files.length) throw new DataError(`${where}: some archives have .cls or .json labels and some have none`);
  return { where, files, labelled: labelled.length > 0 ? labelled : undefined };
}

/** `train/` or `val/` where everything lies below it: the folder that is no class. */
function onlyPrefix(files: readonly PathImage[]): string {
  const { path } = files[0];
  const top = path.slice(0, path.indexOf("/") + 1);
  return files.every((file) => file.path.startsWith(top) && file.path.indexOf("/", top.length) > 0) ? top : "";
}

function isLabelPath(path: string): boolean {
  return /\.(cls|json)$/i.test(path) && !/(^|\/)\.[^/]/.test(path.replace(/^(\.\/)+/, ""));
}

/** The name that the members of one WebDataset sample share: up to the first dot after the last slash. */
function stem(path: string): string {
  const dot = path.indexOf(".", path.lastIndexOf("/") + 1);
  return dot < 0 ? path : path.slice(0, dot);
}

function readLabel({ content, path, id }: TarMember & { id: string }, labelKey: string): string | number {
  const text = new TextDecoder().decode(content).trim();
  if (/\.cls$/i.test(path)) return /^\d{1,15}$/.test(text) ? Number(text) : text || missing(id, "is empty");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`tar: member ${id} is no valid JSON: ${(cause as Error).message}`, { cause });
  }
  const label = value instanceof Object && Object.hasOwn(value, labelKey) ? (value as Record<string, unknown>)[labelKey] : value;
  if (typeof label === "number" || (typeof label === "string" && label !== "")) return label;
  return missing(id, `has no class index or name${value instanceof Object ? ` under ${JSON.stringify(labelKey)}` : ""}`);
}

function missing(id: string, what: string): never {
  throw new DataError(`tar: label ${id} ${what}`);
}

/** The archives that one entry stands for. */
async function expand(from: SourceLike): Promise<SourceLike[]> {
  if (typeof from !== "string") return [from];
  const paths = expandRuns(from);
  if (!isFile(from)) return paths;
  const { findArchives } = await import("./tar-shards-node.js");
  return (await Promise.all(paths.map(findArchives))).flat();
}

/** `a-{08..10}.tar` -> a-08.tar, a-09.tar, a-10.tar. */
function expandRuns(path: string): string[] {
  const [whole, low, high] = /\{(\d{1,9})\.\.(\d{1,9})\}/.exec(path) ?? [];
  if (whole === undefined) return [path];
  const count = Number(high) - Number(low) + 1;
  if (count < 1 || count > 100_000) throw new DataError(`TarShards: expected a run of 1 to 100000 archives, got ${whole} in ${path}`);
  return Array.from({ length: count }, (_, i) => path.replace(whole, String(Number(low) + i).padStart(low.length, "0"))).flatMap(expandRuns);
}
