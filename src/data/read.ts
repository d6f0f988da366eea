import { LimitError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import { readUrlPart } from "../core/http-source.js";
import { isFile, openSource, type SourceLike } from "../core/source.js";

/** Part of a file or of what a URL gives, such as one member of a tar; small and plain, so that it can be posted to a worker. */
export interface FileRange {
  /** Path or http(s) URL. */
  readonly path: string;
  /** First byte. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

export function isFileRange(value: unknown): value is FileRange {
  return typeof value === "object" && value !== null && "path" in value && "offset" in value && "length" in value;
}

/**
 * The encoded bytes of an image.
 * @throws {DataError} when it cannot be opened, {FormatError} when a range ends after its file, {LimitError} above `limits.imageBytes`
 */
export async function readBytes(image: SourceLike | FileRange): Promise<Uint8Array<ArrayBuffer>> {
  const { from, offset, length } = isFileRange(image) ? { ...image, from: image.path } : { from: image, offset: 0 };
  if (isFile(from)) return (await import("../core/file-node.js")).readFilePart(from, offset, length, checkLength);
  if (length !== undefined && /^https?:/i.test(String(from))) {
    checkLength(length, String(from));
    return readUrlPart(String(from), offset, length);
  }
  const source = await openSource(from);
  try {
    checkLength(length ?? source.size, source.name);
    return await source.read(offset, length ?? source.size);
  } finally {
    await source.close();
  }
}

function checkLength(bytes: number, name: string): void {
  if (bytes > limits.imageBytes) throw new LimitError(`an image of ${bytes} bytes is larger than ${limits.imageBytes} (${name})`);
}
