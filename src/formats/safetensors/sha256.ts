import { hasNode } from "../../core/environment.js";
import { FormatError } from "../../core/errors.js";
import { giveWay } from "../../core/slices.js";
import { runningPool } from "../../runtime/pool.js";
import type { Header } from "./header.js";

/** Metadata key of the digests: JSON of tensor name -> lower-case hexadecimal SHA-256 of its bytes in the file. */
export const SHA256_KEY = "ocelli.sha256";

/** Digests that a file records, or undefined where it has none. @throws {FormatError} when one is missing or malformed */
export function readSha256({ metadata, tensors }: Header, file: string): Map<string, string> | undefined {
  const text = metadata.get(SHA256_KEY);
  if (text === undefined) return undefined;
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

/** Bytes that are hashed at once: a few milliseconds. */
const piece = 2 ** 18;
/** Bytes that a page copies at once. */
const mostCopied = 2 ** 25;

/**
 * Lower-case hexadecimal SHA-256. Node's own takes pieces, while WebCrypto copies all of the bytes first. That holds a page's thread in some
 * browsers (Chromium, for 3 ms a megabyte), so a page asks a worker to ask it; where there is none of both (pages have WebCrypto over https
 * only), or there is too much to copy, our own does it in slices.
 *
 * @throws the signal's reason when aborted
 */
export async function sha256(bytes: Uint8Array, signal?: AbortSignal): Promise<string> {
  await giveWay(signal);
  if (!hasNode && globalThis.crypto?.subtle) {
    const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
    if (bytes.length <= piece || !("document" in globalThis)) return hex(await crypto.subtle.digest("SHA-256", own));
    const pool = bytes.length <= mostCopied ? await runningPool() : undefined;
    if (pool) return hex(await pool.digest(own.slice()));
  }
  const { Sha256 } = await (hasNode ? import("../../core/sha256-node.js") : import("../../core/sha256.js"));
  const hash = new Sha256();
  for (let at = 0; at < bytes.length; at += piece) {
    hash.update(bytes.subarray(at, at + piece));
    await giveWay(signal);
  }
  return hash.hex();
}

const hex = (digest: ArrayBuffer) => Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
