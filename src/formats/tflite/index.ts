/** TFLite files: float, and int8 or uint8 with one scale for a tensor or for a channel. */
import { DataError } from "../../core/errors.js";
import { limits } from "../../core/limits.js";
import type { ForeignFile, ForeignModel, ForeignOptions } from "../foreign.js";
import { parseLabels } from "../labels.js";
import { convertTflite } from "./convert.js";
import { readMetadata } from "./metadata.js";
import { readTfliteModel } from "./schema.js";

/** Names that label files have beside a model: Teachable Machine's, MediaPipe's, Coral's. */
const labelFiles = ["labels.txt", "labelmap.txt", "imagenet_labels.txt"];

/**
 * A model from a `.tflite` file. Labels and preprocessing are those of its metadata; else labels come from a
 * label file beside it that names as many classes as the network has.
 *
 * @throws {FormatError | LimitError | UnsupportedOpError}
 */
export async function readTflite({ name, bytes, beside }: ForeignFile, options: ForeignOptions = {}): Promise<ForeignModel> {
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
