import { Unzip, UnzipInflate } from "fflate";

export interface Unpacked {
  readonly path: string;
  readonly file: Blob;
}

const mostFiles = 100_000;
const mostBytes = 4 * 2 ** 30;

/** @throws {Error} for what is no zip, or one that swells beyond the limits */
export async function unpack(zip: Blob): Promise<Unpacked[]> {
  const found: Unpacked[] = [];
  let total = 0;
  let failure: Error | undefined;
  const unzip = new Unzip((file) => {
    if (file.name.endsWith("/") || /(^|\/)(__MACOSX|\.)/.test(file.name)) return;
    const parts: Uint8Array<ArrayBuffer>[] = [];
    file.ondata = (error, part, isLast) => {
      total += part?.length ?? 0;
      if (total > mostBytes || found.length > mostFiles) failure ??= new Error("The zip holds more than 4 GB or 100,000 files.");
      failure ??= error ?? undefined;
      if (failure) return;
      parts.push(part as Uint8Array<ArrayBuffer>);
      if (isLast) found.push({ path: file.name, file: new Blob(parts) });
    };
    file.start();
  });
  unzip.register(UnzipInflate);
  const reader = zip.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    unzip.push(value ?? new Uint8Array(0), done);
    if (failure) throw failure;
    if (done) break;
  }
  if (found.length === 0) throw new Error("The zip could not be opened, or is empty.");
  return found;
}
