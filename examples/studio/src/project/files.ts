import { opfs } from "ocelli/storage";

/** Everything that the page keeps. */
export const store = opfs("ocelli-studio");

/** 256 folders: a folder with thousands of files is slow to write to. */
const folderOf = (id: string) => id.slice(0, 2);
export const imageFile = (id: string) => `images/${folderOf(id)}/${id}`;
export const thumbnailFile = (id: string) => `thumbnails/${folderOf(id)}/${id}`;

export async function readBlob(name: string): Promise<Blob | undefined> {
  return (await store.open(name)) as Blob | undefined;
}

export async function readText(name: string): Promise<string | undefined> {
  return (await readBlob(name))?.text();
}

export const writeText = (name: string, text: string) => store.write(name, [new TextEncoder().encode(text)]);

/** Removes images that the project no longer has, which undo may still have wanted until now. */
export async function removeUnused(used: ReadonlySet<string>): Promise<void> {
  for (const folder of ["images/", "thumbnails/"]) {
    for (const name of await store.list(folder)) {
      if (!used.has(name.slice(name.lastIndexOf("/") + 1))) await store.remove(name);
    }
  }
}
