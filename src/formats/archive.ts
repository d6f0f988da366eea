import { DataError, FormatError } from "../core/errors.js";
import { giveWay } from "../core/slices.js";
import type { ForeignFile, ForeignModel, ForeignOptions, ForeignReader } from "./foreign.js";
import { readZip, type ZipEntry } from "./zip.js";

/** Models that an archive may hold, with their readers. Of a saved Teachable Machine project and the like there is one. */
const kinds: readonly (readonly [name: RegExp, reader: () => Promise<ForeignReader>])[] = [
  [/(^|\/)model\.json$/, async () => (await import("./tfjs/index.js")).readTfjs],
  [/\.tflite$/, async () => (await import("./tflite/index.js")).readTflite],
  [/\.onnx$/, async () => (await import("./onnx/read-foreign.js")).readForeignOnnx],
];

/**
 * The one model in a zip, with the files of its folder there beside it.
 *
 * @throws {FormatError} for an archive with none or several
 */
export async function readArchive({ name, bytes }: ForeignFile, options?: ForeignOptions): Promise<ForeignModel> {
  const entries = readZip(bytes, name) ?? new Map<string, ZipEntry>();
  const models = [...entries.values()].flatMap((entry) => kinds.filter(([pattern]) => pattern.test(entry.name)).map(([, reader]) => ({ entry, reader })));
  if (models.length !== 1) throw new FormatError(`zip: expected one model.json, .tflite or .onnx file in the archive, found ${models.length} (${name})`);
  const [{ entry, reader }] = models;
  const folder = entry.name.slice(0, entry.name.lastIndexOf("/") + 1);
  const read = await reader();
  const beside = async (other: string) => {
    const found = entries.get(folder + other);
    if (!found) throw new DataError(`there is no "${other}" in ${name}`);
    await giveWay();
    const unpacked = found.read();
    await giveWay();
    return unpacked;
  };
  return read({ name: `${name}: ${entry.name}`, bytes: entry.read(), beside }, options);
}
