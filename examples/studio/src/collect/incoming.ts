import { batch, signal } from "@preact/signals";
import { count } from "../design/words.js";
import { addImage, unpackFiles } from "../project/image-workers.js";
import { type ImageClass, newClass, type Project, type ProjectImage } from "../project/project.js";
import { change, classById, imageById } from "../project/state.js";
import { applyManifest, manifestName } from "../project/zip.js";

/** A file on its way into the project. */
export interface Incoming {
  readonly file: Blob;
  readonly name: string;
  /** Name of the folder it lies in. */
  readonly folder?: string;
}

/** A file that was left out, and why. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

export const adding = signal<{ done: number; total: number } | undefined>(undefined);
export const leftOut = signal<readonly LeftOut[]>([]);

/** Images that are taken in at a time, and milliseconds between two looks at the grid. */
const atOnce = 6;
const lookMilliseconds = 250;
/** Folders of a data set's halves, which are no classes. */
const halves = /^(train|training|val|valid|validation|test)$/i;

/** Folder that names the class of a file, by its path. */
export const classFolder = (path: string) => {
  const folder = path.split("/").at(-2);
  return folder && !halves.test(folder) ? folder : undefined;
};

/**
 * Takes files in: those in a folder for the class of its name, the others for the given one. One step of undo, also with further calls of the same token.
 */
export async function add(files: readonly Incoming[], to: ImageClass | null = null, token: object = {}): Promise<void> {
  const all = (await Promise.all(files.map(opened))).flat();
  if (all.length === 0) return;
  const total = (adding.value?.total ?? 0) + all.length;
  adding.value = { done: adding.value?.done ?? 0, total };
  let ready: { image: Omit<ProjectImage, "label">; folder?: string }[] = [];
  const seen = new Set<string>();
  let taken = 0;
  const show = () => {
    const now = ready;
    ready = [];
    taken += now.length;
    if (now.length > 0) change(`Add ${count(taken, "image")}`, (before) => withImages(before, now, to), token);
  };
  const timer = setInterval(show, lookMilliseconds);
  const queue = all[Symbol.iterator]();
  const take = async () => {
    for (const { file, name, folder } of queue) {
      try {
        const added = await addImage(file);
        const same = imageById.value.get(added.id);
        if (same || seen.has(added.id)) leave(name, same ? `Already here${inClass(same)}.` : "Twice among the new ones.");
        else ready.push({ image: { ...added, name }, folder });
        seen.add(added.id);
      } catch (error) {
        leave(name, (error as Error).message);
      }
      if (adding.value) adding.value = { ...adding.value, done: adding.value.done + 1 };
    }
  };
  await Promise.all(Array.from({ length: atOnce }, take));
  clearInterval(timer);
  batch(() => {
    show();
    if (adding.value?.done === adding.value?.total) adding.value = undefined;
  });
}

const leave = (name: string, why: string) => {
  leftOut.value = [...leftOut.value, { name, why }];
};

const inClass = ({ label }: ProjectImage) => {
  const found = label && classById.value.get(label);
  return found ? `, in ${found.name}` : "";
};

/** What a zip holds, or the file itself. */
async function opened(incoming: Incoming): Promise<Incoming[]> {
  const { file, name } = incoming;
  if (!/\.zip$/i.test(name) && file.type !== "application/zip") return [incoming];
  try {
    const files = await unpackFiles(file);
    const manifest = files.find(({ path }) => path === manifestName);
    if (manifest) applyManifest(await manifest.file.text());
    return files.filter((each) => each !== manifest).map(({ path, file }) => ({ file, name: path.split("/").at(-1) as string, folder: classFolder(path) }));
  } catch (error) {
    leave(name, (error as Error).message);
    return [];
  }
}

/** A project with more images, and with classes for their folders. */
function withImages(before: Project, ready: readonly { image: Omit<ProjectImage, "label">; folder?: string }[], to: ImageClass | null): Partial<Project> {
  let { classes } = before;
  const images = ready.map(({ image, folder }) => {
    if (folder && !classes.some(({ name }) => name === folder)) classes = [...classes, newClass(folder, classes)];
    return { ...image, label: (folder ? classes.find(({ name }) => name === folder)?.id : to?.id) ?? null };
  });
  return { classes, images: [...before.images, ...images] };
}

/** Adds an image by its address, where that site lets pages fetch it. */
export async function addFromAddress(address: string, to: ImageClass | null): Promise<void> {
  const url = new URL(address);
  const response = await fetch(url, { mode: "cors" }).catch(() => {
    throw new Error("That site does not let other pages fetch its images. Save the image to this device and drop it here.");
  });
  if (!response.ok) throw new Error(`The site answered ${response.status}.`);
  await add([{ file: await response.blob(), name: decodeURIComponent(url.pathname.split("/").at(-1) || url.hostname) }], to);
}
