import { FormatError } from "../../core/errors.js";
import { type FileSource, type FileTarget, writeFile } from "../../core/file-store.js";
import { giveWay } from "../../core/slices.js";
import { openSafetensors, safetensorsChunks, type TensorToWrite, writeSafetensors } from "../../formats/safetensors/index.js";

/** What a file of embeddings holds. */
export interface IndexContents {
  /** In the order of adding. */
  readonly entries: readonly { readonly id: string; readonly version?: string; readonly values: Float32Array }[];
  /** The embedding of the probe image, where a model made these. */
  readonly probe?: Float32Array;
}

const entriesKey = "ocelli.entries";

/** A safetensors file: `embeddings` [images, D] and `probe` [D], float32; ids and versions are JSON in its metadata. */
export async function writeIndex({ entries, probe }: IndexContents, target: FileTarget | undefined, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  const tensors: TensorToWrite[] = probe ? [{ name: "probe", dtype: "F32", shape: [probe.length], data: probe }] : [];
  if (entries.length > 0) {
    const size = entries[0].values.length;
    const data = new Float32Array(entries.length * size);
    for (const [i, { values }] of entries.entries()) {
      data.set(values, i * size);
      await giveWay(signal);
    }
    tensors.push({ name: "embeddings", dtype: "F32", shape: [entries.length, size], data });
  }
  const metadata = { [entriesKey]: JSON.stringify(entries.map(({ id, version }) => (version === undefined ? [id] : [id, version]))) };
  const written = { sha256: true, signal };
  if (target === undefined) return writeSafetensors(tensors, metadata, written);
  await writeFile(target, safetensorsChunks(tensors, metadata, written));
  return undefined;
}

/** @throws {FormatError | LimitError} for a file that is no index */
export async function readIndex(source: FileSource, signal?: AbortSignal): Promise<IndexContents> {
  const file = await openSafetensors(source, { signal });
  try {
    const wrong = (what: string) => new FormatError(`embedding index: ${what} (${file.name})`);
    const names = namesIn(file.metadata.get(entriesKey), wrong);
    const info = file.tensors.get("embeddings");
    const [count, size] = info?.shape ?? [0, 0];
    if (count !== names.length || (info && (info.shape.length !== 2 || size === 0)))
      throw wrong(`expected embeddings [${names.length}, D], got ${info ? `[${info.shape}]` : "none"}`);
    const probeShape = file.tensors.get("probe")?.shape;
    if (probeShape && (probeShape.length !== 1 || (info && probeShape[0] !== size))) throw wrong(`expected probe [${size || "D"}], got [${probeShape}]`);
    const all = info ? await file.readFloat32("embeddings") : new Float32Array();
    const probe = probeShape && (await file.readFloat32("probe"));
    if (!all.every(Number.isFinite) || (probe && !probe.every(Number.isFinite))) throw wrong("expected finite numbers");
    const entries: IndexContents["entries"][number][] = [];
    for (const [i, [id, version]] of names.entries()) {
      entries.push({ id, version, values: all.slice(i * size, (i + 1) * size) });
      await giveWay(signal);
    }
    return { entries, probe };
  } finally {
    await file.close();
  }
}

function namesIn(text: string | undefined, wrong: (what: string) => FormatError): [id: string, version?: string][] {
  if (text === undefined) throw wrong(`the file has no metadata "${entriesKey}"`);
  let names: unknown;
  try {
    names = JSON.parse(text);
  } catch {
    throw wrong(`metadata "${entriesKey}" is not JSON`);
  }
  const isName = (name: unknown) => Array.isArray(name) && (name.length === 1 || name.length === 2) && name.every((part) => typeof part === "string");
  if (!Array.isArray(names) || !names.every(isName)) throw wrong(`metadata "${entriesKey}" expects a list of [id] and [id, version]`);
  if (new Set(names.map(([id]) => id)).size < names.length) throw wrong("an id occurs twice");
  return names;
}
