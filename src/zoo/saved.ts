import { fromBase64 } from "../core/base64.js";
import { FormatError } from "../core/errors.js";
import { evaluationTransforms, type Preprocessing } from "../data/preprocessing.js";
import { RandomResizedCrop } from "../data/transforms/resize.js";
import { metadataKeys } from "../model/metadata.js";
import type { ArchitectureOptions } from "../nn/architecture.js";

/** What a file that we wrote says besides its tensors. */
export interface Saved {
  readonly name?: string;
  readonly options?: ArchitectureOptions;
  readonly labels?: readonly string[];
  readonly preprocessing?: Preprocessing;
  readonly notes?: Readonly<Record<string, string>>;
  /** As the file has it; to be checked. */
  readonly calibration?: unknown;
  /** Of an imported network: its graph without the weights. */
  readonly definition?: Uint8Array;
}

/** @throws {FormatError} for metadata of ours that do not say what they should */
export function readSaved({ metadata, name }: { readonly metadata: ReadonlyMap<string, string>; readonly name: string }): Saved {
  const read = (key: string, check: (value: unknown) => boolean): unknown => {
    const text = metadata.get(key);
    if (text === undefined) return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new FormatError(`load: metadata "${key}" is not JSON (${name})`, { cause });
    }
    if (!check(value)) throw new FormatError(`load: metadata "${key}" has an unexpected form: ${text.slice(0, 80)} (${name})`);
    return value;
  };
  const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
  const isPreprocessing = (value: unknown): value is Preprocessing => {
    try {
      if (!isRecord(value)) return false;
      const preprocessing = value as unknown as Preprocessing;
      evaluationTransforms(preprocessing);
      RandomResizedCrop(preprocessing.crop, { interpolation: preprocessing.interpolation }); // what training makes of it
      return true;
    } catch {
      return false;
    }
  };
  const built = read(
    metadataKeys.architecture,
    (value) => isRecord(value) && typeof value.name === "string" && (value.options === undefined || isRecord(value.options)),
  );
  const graph = metadata.get(metadataKeys.graph);
  const definition = graph === undefined ? undefined : fromBase64(graph);
  if (graph !== undefined && !definition) throw new FormatError(`load: metadata "${metadataKeys.graph}" is not base64 (${name})`);
  return {
    definition,
    ...(built as Saved | undefined),
    labels: read(metadataKeys.labels, (value) => Array.isArray(value) && value.every((label) => typeof label === "string")) as Saved["labels"],
    preprocessing: read(metadataKeys.preprocessing, isPreprocessing) as Saved["preprocessing"],
    notes: read(metadataKeys.notes, (value) => isRecord(value) && Object.values(value).every((note) => typeof note === "string")) as Saved["notes"],
    calibration: read(metadataKeys.calibration, isRecord),
  };
}
