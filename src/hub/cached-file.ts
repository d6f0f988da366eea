/** A file that was downloaded whole and verified. */
export interface CachedFile {
  readonly url: string;
  /** Its own name, such as `model.safetensors`. */
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  /** Validator that the server gave it. */
  readonly etag?: string;
  /** Of the repository that the URL's revision stood for. */
  readonly commit?: string;
}

/** Whether an entry of an index is one that this version understands. */
export function isCachedFile(entry: unknown): entry is CachedFile {
  const { url, name, size, sha256, etag = "", commit = "" } = Object(entry) as Record<string, unknown>;
  return (
    [url, name, etag, commit].every((text) => typeof text === "string") &&
    /^[\w.-]+$/.test(name as string) &&
    !/^\.+$/.test(name as string) &&
    Number.isSafeInteger(size) &&
    typeof sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(sha256)
  );
}
