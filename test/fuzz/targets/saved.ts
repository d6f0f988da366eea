import { toBase64 } from "../../../src/core/base64.js";
import { inferenceGraph } from "../../../src/model/graphs.js";
import { metadataKeys } from "../../../src/model/metadata.js";
import { checkedCalibration } from "../../../src/model/calibration.js";
import { savedArchitecture } from "../../../src/zoo/load-model.js";
import { readSaved } from "../../../src/zoo/saved.js";
import { soundDefinition, weightShapes } from "../../formats/attacks/definition.js";
import { mutateJson, pick } from "../mutate.js";
import type { Target } from "../run.js";

const preprocessing = { resize: 9, crop: 8, interpolation: "bilinear", mean: [0.5], std: [0.5], channels: 3 };
/** What a file of ours says besides its tensors, by the names of its metadata. */
const said = [
  { architecture: { name: "mobilenet_v2", options: { width: 0.5, depth: 1.2, epsilon: 1e-5, padding: "same" } }, labels: ["cat", "dog"], preprocessing },
  {
    architecture: { name: "small_cnn", options: {} },
    labels: ["a", "b"],
    notes: { license: "mit" },
    calibration: {
      temperature: 1.5,
      truePositiveRate: 0.95,
      dimensions: 1,
      prototypes: toBase64(new Uint8Array(new Float32Array([0, 0.5, 1]).buffer)),
      energy: [0, 1],
      distance: [0, 1],
      oddness: [0, 1],
    },
  },
];
const text = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));

/** Metadata of files that we wrote, as JSON, and definitions of imported networks: a file that is no JSON is one. */
export const saved: Target = {
  name: "saved",
  files: [...said.map(text), soundDefinition],
  vary: (random) => text(mutateJson(pick(said, random), random)),
  async read(bytes) {
    const read = readSaved({ name: "fuzz", metadata: metadataOf(bytes) });
    const architecture = await savedArchitecture(read, "fuzz", weightShapes.keys(), weightShapes);
    if (read.calibration !== undefined) checkedCalibration(read.calibration, read.labels?.length ?? 2, "fuzz");
    if (read.definition) inferenceGraph(architecture, architecture.defaultClasses, { batch: 1, height: 8, width: 8 }, "logits");
  },
};

function metadataOf(bytes: Uint8Array): Map<string, string> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return new Map([
      [metadataKeys.architecture, '{"name":"imported"}'],
      [metadataKeys.graph, toBase64(bytes)],
    ]);
  }
  const keys = Object.entries(metadataKeys).filter(([name]) => name !== "graph");
  return new Map(keys.flatMap(([name, key]) => (Object.hasOwn(Object(json), name) ? [[key, JSON.stringify((json as Record<string, unknown>)[name])]] : [])));
}
