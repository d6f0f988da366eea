/** What files of ours say besides their tensors, in its metadata, that must be refused, each made to break one rule. */
import { metadataKeys } from "../../../src/model/metadata.js";

export interface Attack {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly message: string;
}

const saved = (name: string, said: Readonly<Record<string, unknown>>, message: string): Attack => ({
  name,
  metadata: Object.fromEntries(
    Object.entries({ architecture: { name: "small_cnn", options: {} }, ...said }).map(([key, value]) => [
      metadataKeys[key as keyof typeof metadataKeys],
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  ),
  message,
});
const scaled = (name: string, options: object) => ({ architecture: { name, options } });
const deep = "[".repeat(100_000) + "]".repeat(100_000);
const preprocessing = { resize: 9, crop: 8, interpolation: "bilinear", mean: [0.5], std: [0.5] };

export const attacks: readonly Attack[] = [
  saved("cut in the middle", { labels: '["cat", "do' }, '"ocelli.labels" is not JSON'),
  saved("labels that are numbers", { labels: [1, 2] }, '"ocelli.labels" has an unexpected form'),
  saved("labels that are nested without end", { labels: deep }, '"ocelli.labels" has an unexpected form'),
  saved("notes that are nested without end", { notes: `{"license":${deep}}` }, '"ocelli.notes" has an unexpected form'),
  saved("a network of __proto__", { architecture: '{"__proto__":{"name":"small_cnn"}}' }, '"ocelli.architecture" has an unexpected form'),
  saved("an option of __proto__", { architecture: '{"name":"small_cnn","options":{"__proto__":1}}' }, 'expected options none, got "__proto__"'),
  saved("an unknown network", { architecture: { name: "constructor" } }, 'unknown architecture "constructor"'),
  saved("a network of a billion blocks", scaled("efficientnet_b0", { depth: 1e9 }), "depth 1000000000 makes 16000000000 blocks, more than 1000"),
  saved("a network of huge layers", scaled("mobilenet_v2", { width: 1e9 }), "more than"),
  saved("a network of negative depth", scaled("mobilenet_v2", { depth: -1 }), "depth expected a number of 0 or more, got -1"),
  saved(
    "an option that is nested without end",
    { architecture: `{"name":"mobilenet_v2","options":{"width":${deep}}}` },
    "width expected a number of 0 or more",
  ),
  saved("images of negative size", { preprocessing: { ...preprocessing, crop: -8 } }, '"ocelli.preprocessing" has an unexpected form'),
  saved("images of a billion pixels a side", { preprocessing: { ...preprocessing, crop: 1e9 } }, "more than"),
];
