import { Zip, ZipPassThrough } from "fflate";
import { imageFile, readBlob } from "./files.js";

export interface PackedImage {
  readonly id: string;
  /** In the zip. */
  readonly path: string;
}

export const manifestName = "studio.json";
/** Bytes that are gathered in memory before the browser may put them on disk. */
const partBytes = 16 * 2 ** 20;

/** A zip of images as they came in: they are compressed already. */
export async function pack(manifest: string, images: readonly PackedImage[]): Promise<Blob> {
  const blobs: Blob[] = [];
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const flush = () => {
    if (parts.length > 0) blobs.push(new Blob(parts));
    parts = [];
    size = 0;
  };
  let failure: Error | undefined;
  const zip = new Zip((error, chunk) => {
    failure ??= error ?? undefined;
    if (chunk) parts.push(chunk as Uint8Array<ArrayBuffer>);
    size += chunk?.length ?? 0;
    if (size > partBytes) flush();
  });
  const put = (path: string, bytes: Uint8Array) => {
    const file = new ZipPassThrough(path);
    zip.add(file);
    file.push(bytes, true);
  };
  put(manifestName, new TextEncoder().encode(manifest));
  for (const { id, path } of images) {
    const blob = await readBlob(imageFile(id));
    if (blob) put(path, new Uint8Array(await blob.arrayBuffer()));
  }
  zip.end();
  if (failure) throw failure;
  flush();
  return new Blob(blobs, { type: "application/zip" });
}
