import { packImages } from "./image-workers.js";
import { newClass } from "./project.js";
import { change, classById, project } from "./state.js";
import { manifestName } from "./pack.js";

export { manifestName };

interface Manifest {
  readonly name: string;
  readonly classes: readonly { readonly name: string; readonly color: string }[];
}

/** The project as a zip: a folder of images for each class, those without one beside the folders. */
export async function projectZip(): Promise<Blob> {
  const { name, classes, images } = project.value;
  const manifest: Manifest = { name, classes: classes.map(({ name, color }) => ({ name, color })) };
  const taken = new Set<string>();
  const packed = images.map(({ id, name, label }) => {
    const folder = label ? `${fileName(classById.value.get(label)?.name ?? "")}/` : "";
    const base = folder + fileName(name);
    const path = taken.has(base) ? base.replace(/(\.[^./]*)?$/, `-${id.slice(0, 8)}$1`) : base;
    taken.add(path);
    return { id, path };
  });
  return packImages(JSON.stringify(manifest, null, 2), packed);
}

/** A name that every disk can keep. */
export const fileName = (name: string) =>
  name
    .replace(/[\p{Control}\\/:*?"<>|]/gu, "-")
    .replace(/[. ]+$/, "")
    .slice(0, 80) || "image";

/** Classes and colours of a project that comes in as a zip; its name where this one is empty. */
export function applyManifest(text: string): void {
  const { name, classes } = JSON.parse(text) as Manifest;
  change(`Open ${name}`, (before) => {
    const all = [...before.classes];
    for (const each of classes) {
      const folder = fileName(each.name);
      if (!all.some(({ name }) => fileName(name) === folder))
        all.push(newClass(String(each.name), all, /^#[0-9a-f]{6}$/i.test(each.color) ? each.color : undefined));
    }
    return { classes: all, name: before.images.length === 0 ? String(name) : before.name };
  });
}

/** Gives a file to the person. */
export function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
