import { classFolder, type Incoming } from "./incoming.js";

/** Files of a drop or paste, with those in folders, however deep. */
export async function filesOf(data: DataTransfer): Promise<Incoming[]> {
  // Both lists are gone once this function has waited for something.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
  if (entries.some(({ isDirectory }) => isDirectory)) return (await Promise.all(entries.map((entry) => walk(entry)))).flat();
  return [...data.files].map((file) => ({ file, name: file.name }));
}

/** Files of an `<input type="file">`, also of one that takes folders. */
export const chosenFiles = ({ files }: HTMLInputElement): Incoming[] =>
  [...(files ?? [])].filter(({ name }) => !name.startsWith(".")).map((file) => ({ file, name: file.name, folder: classFolder(file.webkitRelativePath) }));

async function walk(entry: FileSystemEntry): Promise<Incoming[]> {
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed));
    return [{ file, name: file.name, folder: classFolder(entry.fullPath) }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: Incoming[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return found;
    for (const each of some) found.push(...(await walk(each)));
  }
}
