import { FormatError } from "../core/errors.js";
import { evaluationTransforms, type Preprocessing, trainingTransforms } from "../data/preprocessing.js";
import type { SafetensorsFile } from "../formats/safetensors/index.js";
import { metadataKeys } from "../model/save.js";
import type { ArchitectureOptions } from "../nn/architecture.js";

/** What a file of ours says besides its tensors. */
export interface Saved {
  readonly name?: string;
  readonly options?: ArchitectureOptions;
  readonly labels?: readonly string[];
  readonly preprocessing?: Preprocessing;
  readonly notes?: Readonly<Record<string, string>>;
}

/** @throws {FormatError} for metadata of ours that do not say what they should */
export function readSaved({ metadata, name }: SafetensorsFile): Saved {
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
      return isRecord(value) && [evaluationTransforms, trainingTransforms].every((pipeline) => pipeline(value as unknown as Preprocessing).length > 0);
    } catch {
      return false;
    }
  };
  const built = read(
    metadataKeys.architecture,
    (value) => isRecord(value) && typeof value.name === "string" && (value.options === undefined || isRecord(value.options)),
  );
  return {
    ...(built as Saved | undefined),
    labels: read(metadataKeys.labels, (value) => Array.isArray(value) && value.every((label) => typeof label === "string")) as Saved["labels"],
    preprocessing: read(metadataKeys.preprocessing, isPreprocessing) as Saved["preprocessing"],
    notes: read(metadataKeys.notes, isRecord) as Saved["notes"],
  };
}
