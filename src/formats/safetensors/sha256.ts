import { FormatError, WorkerError } from "../../core/errors.js";
import type { Header } from "./header.js";

/** Metadata key of the digests: JSON of tensor name -> lower-case hexadecimal SHA-256 of its bytes in the file. */
export const SHA256_KEY = "ocelli.sha256";

/** Digests that a file records, or undefined where it has none. @throws {FormatError} when one is missing or malformed */
export function readSha256({ metadata, tensors }: Header, file: string): Map<string, string> | undefined {
  const text = metadata.get(SHA256_KEY);
  if (text === undefined || globalThis.crypto?.subtle === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {}
  const digests = new Map(Object.entries(Object(parsed)));
  for (const name of tensors.keys()) {
    const digest = digests.get(name);
    if (typeof digest !== "string" || !/^[0-9a-f]{64}$/.test(digest)) {
      throw new FormatError(`safetensors: metadata ${SHA256_KEY} has no digest of tensor ${JSON.stringify(name)} (${file})`);
    }
  }
  return digests as Map<string, string>;
}

/** Lower-case hexadecimal SHA-256. @throws {WorkerError} where the runtime has no WebCrypto (pages without https) */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (globalThis.crypto?.subtle === undefined) throw new WorkerError("sha256: expected WebCrypto (crypto.subtle), which pages have only over https");
  const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", own));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
