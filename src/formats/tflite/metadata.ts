/** What TFLite's metadata say: a FlatBuffer in the model, and files in a zip behind it. */
import { limits } from "../../core/limits.js";
import type { Preprocessing } from "../../data/preprocessing.js";
import type { ForeignModel } from "../foreign.js";
import { parseLabels } from "../labels.js";
import { readZip } from "../zip.js";
import { Table } from "./flatbuffer.js";
import { TensorType, type TfliteModel, type TfliteTensor } from "./schema.js";

/** `AssociatedFileType.TENSOR_AXIS_LABELS`, and `ProcessUnitOptions.NormalizationOptions`. */
const axisLabels = 2;
const normalization = 1;

/**
 * Labels of the first output, normalisation of the first input, name and licence.
 *
 * @see tensorflow_lite_support/metadata/metadata_schema.fbs, whose fields these numbers count
 */
export function readMetadata(model: TfliteModel, bytes: Uint8Array): Omit<ForeignModel, "graph"> {
  const data = model.metadata.get("TFLITE_METADATA");
  const metadata = data && data.length > 0 ? Table.root(data, "M001", "tflite: metadata", model.file) : undefined;
  const [graph] = metadata?.tables(3) ?? [];
  const [input] = graph?.tables(2) ?? [];
  const [output] = graph?.tables(3) ?? [];
  const labels = output && readLabels(output, bytes, model.file);
  const preprocessing = readPreprocessing(model, input);
  const notes = Object.fromEntries(
    [
      ["source", metadata?.text(0)],
      ["author", metadata?.text(4)],
      ["license", metadata?.text(5)],
    ].filter(([, text]) => text),
  );
  return {
    ...(labels ? { labels } : {}),
    ...(preprocessing ? { preprocessing } : {}),
    ...(Object.keys(notes).length > 0 ? { notes } : {}),
  };
}

/** From the file that the output's metadata name; the first of several languages. */
function readLabels(output: Table, bytes: Uint8Array, file: string): string[] | undefined {
  const name = output
    .tables(6)
    .find((each) => each.int8(2) === axisLabels)
    ?.text(0);
  const entry = name === undefined ? undefined : readZip(bytes, file)?.get(name);
  return entry && parseLabels(new TextDecoder().decode(entry.read(limits.textBytes)));
}

/** (x - mean) / std of levels, as the metadata say; else what bytes stand for, where the input takes bytes. */
function readPreprocessing({ tensors, inputs }: TfliteModel, metadata: Table | undefined): Preprocessing | undefined {
  const tensor = tensors[inputs[0]];
  const [, height, width, channels] = tensor?.shape ?? [];
  if (inputs.length !== 1 || tensor.shape.length !== 4 || height < 1 || width < 1 || (channels !== 3 && channels !== 1)) return undefined;
  const options = metadata
    ?.tables(4)
    .find((unit) => unit.uint8(0) === normalization)
    ?.table(1);
  const stated = options && { mean: options.floats(0), std: options.floats(1), scale: 1 };
  const fits = (values: readonly number[]) => (values.length === 1 || values.length === channels) && values.every(Number.isFinite);
  const values = stated && fits(stated.mean) && fits(stated.std) && !stated.std.includes(0) ? stated : levels(tensor);
  // TFLite's and Coral's own tools give the network the whole image.
  return values && { resize: [height, width], crop: [height, width], interpolation: "bilinear", ...values, ...(channels === 1 ? { channels } : {}) };
}

/** What levels 0 to 255 stand for where they are the input's bytes: as they are, or less 128 for signed ones. */
function levels({ type, quantization }: TfliteTensor): Pick<Preprocessing, "mean" | "std" | "scale"> | undefined {
  if (!quantization || quantization.scales.length !== 1 || !(quantization.scales[0] > 0)) return undefined;
  const [scale] = quantization.scales;
  const [zeroPoint] = quantization.zeroPoints;
  if (type === TensorType.uint8) return { scale, mean: [zeroPoint * scale], std: [1] };
  return type === TensorType.int8 ? { scale, mean: [(zeroPoint + 128) * scale], std: [1] } : undefined;
}
