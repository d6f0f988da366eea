import { OcelliError, StorageError } from "../core/errors.js";

/** Awaits an operation of the browser's own; what it throws becomes a `StorageError` that says `what` could not be done. */
export async function stored<T>(operation: Promise<T>, what: string): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    throw await storageError(cause, what);
  }
}

async function storageError(cause: unknown, what: string): Promise<OcelliError> {
  if (cause instanceof OcelliError) return cause;
  const { name, message } = cause as DOMException;
  if (name !== "QuotaExceededError") return new StorageError(`${what}: ${message || name}`, { cause });
  const { usage = 0, quota = 0 } = (await globalThis.navigator?.storage?.estimate?.().catch(() => undefined)) ?? {};
  // Chromium says of every page that it has 10 GB left.
  const used = usage > quota / 2 ? `: ${megabytes(usage)} of ${megabytes(quota)} MB are used` : "";
  return new StorageError(`${what}: what the browser lets this page keep is full${used}`, { cause, isFull: true });
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
