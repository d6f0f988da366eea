/** TFLite files: float, and int8 or uint8 with one scale for a tensor or for a channel. */
import { DataError, FormatError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import type { ForeignFile, ForeignModel } from "../foreign.js";
import { parseLabels } from "../labels.js";
import { isZip, readZip, type ZipEntry } from "../zip.js";
import { convertTflite, type TfliteOptions } from "./convert.js";
import { readMetadata } from "./metadata.js";
import { readTfliteModel } from "./schema.js";

export type { TfliteOptions } from "./convert.js";

/** Names that label files have beside a model: Teachable Machine's, MediaPipe's, Coral's. */
const labelFiles = ["labels.txt", "labelmap.txt", "imagenet_labels.txt"];

/**
 * A model from a `.tflite` file, or from a zip with one. Labels and preprocessing are those of its metadata; else labels come from a
 * label file beside it that names as many classes as the network has.
 *
 * @throws {FormatError | LimitError | UnsupportedOpError}
 */
export async function readTflite(file: ForeignFile, options: TfliteOptions = {}): Promise<ForeignModel> {
  const { name, bytes, beside } = isZip(file.bytes) ? unzipped(file) : file;
  const model = readTfliteModel(bytes, name);
  const graph = convertTflite(model, options);
  const metadata = readMetadata(model, bytes);
  const classes = graph.outputs.length === 1 ? graph.outputs[0].shape?.at(-1) : undefined;
  const labels = metadata.labels ?? (beside && typeof classes === "number" ? await besideLabels(beside, classes) : undefined);
  return { graph, ...metadata, ...(labels ? { labels } : {}) };
}

async function besideLabels(beside: NonNullable<ForeignFile["beside"]>, classes: number): Promise<string[] | undefined> {
  for (const name of labelFiles) {
    const labels = await beside(name).then(
      (bytes) => (bytes.length <= limits.textBytes ? parseLabels(new TextDecoder().decode(bytes)) : undefined),
      (error) => {
        if (error instanceof DataError) return undefined;
        throw error;
      },
    );
    if (labels?.length === classes) return labels;
  }
  return undefined;
}

/** The model of an archive, with what lies beside it there. */
function unzipped({ name, bytes }: ForeignFile): ForeignFile {
  const entries = readZip(bytes, name) ?? new Map<string, ZipEntry>();
  const models = [...entries.keys()].filter((path) => path.endsWith(".tflite"));
  if (models.length !== 1) throw new FormatError(`tflite: expected one .tflite file in the archive, found ${models.length} (${name})`);
  const folder = models[0].slice(0, models[0].lastIndexOf("/") + 1);
  return {
    name: `${name}: ${models[0]}`,
    bytes: (entries.get(models[0]) as ZipEntry).read(),
    async beside(other) {
      const entry = entries.get(folder + other);
      if (!entry) throw new DataError(`there is no "${other}" in ${name}`);
      return entry.read();
    },
  };
}
