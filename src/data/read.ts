import { LimitError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import { openSource, type SourceLike } from "../core/source.js";

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
  const range = isFileRange(image) ? image : undefined;
  const source = await openSource(isFileRange(image) ? image.path : image);
  try {
    const length = range?.length ?? source.size;
    if (length > limits.imageBytes) throw new LimitError(`an image of ${length} bytes is larger than ${limits.imageBytes} (${source.name})`);
    return await source.read(range?.offset ?? 0, length);
  } finally {
    await source.close();
  }
}
