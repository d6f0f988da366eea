/** Every reader of strangers' files meets every kind of attack, or says why there is no such thing in its format. */
import { describe, expect, test } from "vitest";
import { attacks as definition } from "./attacks/definition.js";
import { attacks as descriptions } from "./attacks/descriptions.js";
import { attacks as onnx } from "./attacks/onnx.js";
import { attacks as safetensors } from "./attacks/safetensors.js";
import { attacks as saved } from "./attacks/saved.js";
import { attacks as tensorflow } from "./attacks/tensorflow.js";

/** The name of an attack, or why there is none. */
type Met = string | { readonly none: string };
const none = (why: string): Met => ({ none: why });

interface Kinds {
  readonly "over-long header": Met;
  readonly "overlapping tensors": Met;
  readonly "cyclic graph": Met;
  readonly "path traversal": Met;
  readonly "huge dimensions": Met;
  readonly "negative shapes": Met;
  readonly "duplicate names": Met;
  readonly __proto__: Met;
  readonly truncated: Met;
  readonly bomb: Met;
}

const names = (attacks: readonly { readonly name: string }[]) => new Set(attacks.map(({ name }) => name));
const namesOf = (reader: string) => new Set([...names(tensorflow)].flatMap((name) => (name.startsWith(`${reader}: `) ? [name.slice(reader.length + 2)] : [])));

const readers: readonly (readonly [reader: string, attacks: ReadonlySet<string>, kinds: Kinds])[] = [
  [
    "safetensors",
    names(safetensors),
    {
      "over-long header": "header of 2^64 - 1 bytes",
      "overlapping tensors": "overlap",
      "cyclic graph": none("no graph; that of an imported network is read by the reader of definitions"),
      "path traversal": none("names no other files"),
      "huge dimensions": "product beyond 2^64",
      "negative shapes": "negative size",
      "duplicate names": "repeated tensor",
      ["__proto__"]: "__proto__ as a tensor",
      truncated: "data cut off",
      bomb: "a million brackets",
    },
  ],
  [
    "metadata of our files",
    names(saved),
    {
      "over-long header": none("it lies in the header of safetensors"),
      "overlapping tensors": none("no tensors"),
      "cyclic graph": none("no graph"),
      "path traversal": none("names no other files"),
      "huge dimensions": "a network of huge layers",
      "negative shapes": "images of negative size",
      "duplicate names": none("that of safetensors refuses metadata of one name; JSON takes the last"),
      ["__proto__"]: "a network of __proto__",
      truncated: "cut in the middle",
      bomb: "a network of a billion blocks",
    },
  ],
  [
    "definitions of imported networks",
    names(definition),
    {
      "over-long header": none("its length is that of the metadata it lies in"),
      "overlapping tensors": none("its weights are tensors of the safetensors file"),
      "cyclic graph": "a cycle",
      "path traversal": none("it is read without a folder"),
      "huge dimensions": "a weight of 4 GB",
      "negative shapes": "a weight of negative size",
      "duplicate names": "a weight that is named twice",
      ["__proto__"]: "a weight of __proto__ that the file has not",
      truncated: "cut in the middle",
      bomb: "a tensor blown up on the way",
    },
  ],
  [
    "ONNX",
    names(onnx),
    {
      "over-long header": "a graph longer than the file",
      "overlapping tensors": "tensors that share bytes of a file beside",
      "cyclic graph": "a cycle",
      "path traversal": 'a path of "../secret"',
      "huge dimensions": "sizes whose product is huge",
      "negative shapes": "a negative size",
      "duplicate names": "two initializers of one name",
      ["__proto__"]: "a name of __proto__",
      truncated: "cut in the middle",
      bomb: "functions that multiply",
    },
  ],
  [
    "TF.js",
    namesOf("TF.js"),
    {
      "over-long header": none("JSON has none; limits.textBytes bounds it, as it does metadata"),
      "overlapping tensors": "the same shard again and again",
      "cyclic graph": "a circle",
      "path traversal": 'a path of "../weights.bin"',
      "huge dimensions": "huge dimensions",
      "negative shapes": "a negative dimension",
      "duplicate names": "two weights of a name",
      ["__proto__"]: "a weight of __proto__",
      truncated: "half a file",
      bomb: "models that multiply",
    },
  ],
  [
    "TFLite",
    namesOf("TFLite"),
    {
      "over-long header": "a root outside",
      "overlapping tensors": "constants that share their bytes",
      "cyclic graph": "a circle",
      "path traversal": none("names no other files"),
      "huge dimensions": "huge dimensions",
      "negative shapes": "a negative size",
      "duplicate names": none("tensors go by numbers"),
      ["__proto__"]: none("tensors and operators go by numbers"),
      truncated: "half a file",
      bomb: "a bomb of labels",
    },
  ],
  [
    "zip",
    namesOf("zip"),
    {
      "over-long header": "a name longer than the directory",
      "overlapping tensors": "an entry inside another",
      "cyclic graph": none("no graph"),
      "path traversal": "a path upwards",
      "huge dimensions": "a bomb",
      "negative shapes": none("no shapes"),
      "duplicate names": "two entries of a name",
      ["__proto__"]: "a folder of __proto__",
      truncated: "cut in the middle",
      bomb: "a bomb",
    },
  ],
  [
    "descriptions of a repository",
    names(descriptions),
    {
      "over-long header": none("JSON has none; a description of more than 16 MB is not downloaded"),
      "overlapping tensors": none("no tensors"),
      "cyclic graph": none("no graph"),
      "path traversal": none("names no other files"),
      "huge dimensions": "huge images",
      "negative shapes": "images of negative size",
      "duplicate names": none("JSON takes the last"),
      ["__proto__"]: none("names are looked up in a Map, which test/hub/descriptions.test.ts asks of labels"),
      truncated: "cut in the middle",
      bomb: "a name that is nested without end",
    },
  ],
];

describe.each(readers)("%s", (_, attacks, kinds) => {
  test.each(Object.entries(kinds))("%s", (_kind, met: Met) => {
    if (typeof met === "string") expect([...attacks]).toContain(met);
    else expect(met.none).not.toBe("");
  });
});
