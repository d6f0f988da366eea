import { type ByteSource, byteSource, isByteSource, openBytes } from "./byte-source.js";
import { hasNode } from "./environment.js";
import { DataError, FormatError } from "./errors.js";
import type { FileSource } from "./file-store.js";
import { notThere, openUrl } from "./http-source.js";

/** Where bytes come from: a path (where there is a file system), a URL, a Blob or File, or the bytes themselves. */
export type SourceLike = string | URL | Blob | ArrayBuffer | Uint8Array;

/** Whether strings without a scheme are paths: true in Node, Deno and Bun; elsewhere they are URLs relative to the page. */
export const hasFiles = hasNode;

/** Whether this names a file on this machine. */
export function isFile(from: FileSource): from is string | URL {
  if (from instanceof URL) return from.protocol === "file:";
  return hasFiles && typeof from === "string" && !/^(https?|blob|data):/i.test(from);
}

/** Whether `openSource` takes it. */
export function isSource(from: unknown): from is FileSource {
  if (typeof from !== "object" || from === null) return typeof from === "string";
  return [URL, Blob, ArrayBuffer, Uint8Array].some((kind) => from instanceof kind) || "store" in from || isByteSource(from as FileSource);
}

/** @throws {DataError} when nothing readable is there */
export async function openSource(from: FileSource): Promise<ByteSource> {
  if (from instanceof Blob) return openBlob(from);
  if (from instanceof ArrayBuffer) return openBytes(new Uint8Array(from));
  if (from instanceof Uint8Array) return openBytes(from);
  if (typeof from === "object" && "store" in from) {
    const { store, name } = from;
    const found = await store.open(name);
    if (found === undefined) throw new DataError(`cannot open ${name}: there is no such file in ${store.place}`);
    return openSource(found);
  }
  if (isByteSource(from)) return from;
  if (isFile(from)) return (await import("./file-node.js")).openFile(from);
  const found = await openUrl(String(from));
  if (!found) throw notThere(String(from));
  return found;
}

function openBlob(blob: Blob): ByteSource {
  const name = "name" in blob && typeof blob.name === "string" ? blob.name : "Blob";
  return byteSource(name, blob.size, async (offset, length) => {
    const part = blob.slice(offset, offset + length);
    const bytes = await part.arrayBuffer().catch((cause) => {
      throw new FormatError(`expected ${length} bytes at byte ${offset}, got none: the file changed while it was read, or may not be read any more (${name})`, {
        cause,
      });
    });
    return new Uint8Array(bytes);
  });
}
