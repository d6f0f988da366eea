import { batch, computed, effect, signal } from "@preact/signals";
import { readText, writeText } from "./files.js";
import { cleanImages } from "./image-workers.js";
import { emptyProject, type ImageClass, parseProject, type Project, type ProjectImage } from "./project.js";

const file = "project.json";
/** Milliseconds of quiet before what changed is written. */
const quiet = 300;
const mostSteps = 200;

export const project = signal<Project>(emptyProject);
export const saving = signal<"saved" | "saving" | Error>("saved");

interface Step {
  readonly what: string;
  readonly before: Project;
  readonly token?: object;
}
const done = signal<readonly Step[]>([]);
const undone = signal<readonly Step[]>([]);

export const undoable = computed(() => done.value.at(-1)?.what);
export const redoable = computed(() => undone.value.at(-1)?.what);

/**
 * Changes the project by a step that can be undone.
 *
 * @param what in the words of a button: "Add 40 images"
 * @param token steps that follow one another with the same token are one
 */
export function change(what: string, next: (project: Project) => Partial<Project>, token?: object): void {
  const before = project.value;
  batch(() => {
    const last = done.value.at(-1);
    const merged = token !== undefined && last?.token === token;
    const step: Step = merged ? { ...last, what } : { what, before, token };
    done.value = [...(merged ? done.value.slice(0, -1) : done.value), step].slice(-mostSteps);
    undone.value = [];
    project.value = { ...before, ...next(before) };
  });
}

/** @returns what was undone */
export const undo = () => step(done, undone);
export const redo = () => step(undone, done);

function step(from: typeof done, to: typeof done): string | undefined {
  const last = from.value.at(-1);
  if (!last) return undefined;
  batch(() => {
    from.value = from.value.slice(0, -1);
    to.value = [...to.value, { what: last.what, before: project.value }];
    project.value = last.before;
  });
  return last.what;
}

export const classById = computed(() => new Map(project.value.classes.map((each) => [each.id, each])));
export const imageById = computed(() => new Map(project.value.images.map((each) => [each.id, each])));

/** Images of each class by its id, and those without one under null. */
export const imagesByClass = computed(() => {
  const found = new Map<string | null, ProjectImage[]>([[null, []], ...project.value.classes.map(({ id }): [string, ProjectImage[]] => [id, []])]);
  for (const image of project.value.images) found.get(image.label)?.push(image);
  return found;
});

export const classOf = (image: ProjectImage | undefined): ImageClass | undefined => (image?.label ? classById.value.get(image.label) : undefined);

/** Says of images which class they show. */
export function label(ids: ReadonlySet<string>, to: ImageClass | null): void {
  const what = `${to ? `Move to ${to.name}` : "Take out of its class"}${ids.size > 1 ? ` (${ids.size} images)` : ""}`;
  change(what, ({ images }) => ({ images: images.map((image) => (ids.has(image.id) ? { ...image, label: to?.id ?? null } : image)) }));
}

export function removeImages(ids: ReadonlySet<string>): void {
  change(ids.size === 1 ? "Delete 1 image" : `Delete ${ids.size} images`, ({ images }) => ({ images: images.filter(({ id }) => !ids.has(id)) }));
}

/** Reads what was kept, and from then on keeps every change. */
export async function openProject(): Promise<void> {
  const text = await readText(file);
  if (text) project.value = parseProject(text);
  cleanImages(new Set(project.value.images.map(({ id }) => id)));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let written = project.value;
  let isWriting = false;
  const write = async () => {
    clearTimeout(timer);
    if (isWriting) return;
    isWriting = true;
    try {
      while (project.value !== written) {
        const now = project.value;
        await writeText(file, JSON.stringify(now));
        written = now;
      }
      saving.value = "saved";
    } catch (error) {
      saving.value = error as Error;
    }
    isWriting = false;
  };
  effect(() => {
    if (project.value !== written) saving.value = "saving";
    clearTimeout(timer);
    timer = setTimeout(write, quiet);
  });
  addEventListener("visibilitychange", () => document.visibilityState === "hidden" && void write());
  addEventListener("pagehide", () => void write());
}

/** Another project in this one's place; this one can be had back by undo. */
export const startOver = () => change("Start a new project", () => emptyProject);
