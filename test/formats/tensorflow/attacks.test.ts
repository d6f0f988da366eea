import { expect, test } from "vitest";
import { readArchive } from "../../../src/formats/archive.js";
import type { ForeignReader } from "../../../src/formats/foreign.js";
import { readTfjs } from "../../../src/formats/tfjs/index.js";
import { readTflite } from "../../../src/formats/tflite/index.js";
import { attacks } from "../attacks/tensorflow.js";

const readers: Record<string, ForeignReader> = { "TF.js": readTfjs, TFLite: readTflite, zip: readArchive };

test.each(attacks)("$name is refused", async ({ name, file, error, message }) => {
  const read = readers[name.slice(0, name.indexOf(":"))];
  const refused = await read(file).then(
    () => new Error("the file was read"),
    (reason: Error) => reason,
  );
  expect({ name: refused.name, message: refused.message }).toEqual({ name: error, message: expect.stringContaining(message) });
});
