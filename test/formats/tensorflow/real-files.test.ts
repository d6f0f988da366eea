import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DataError } from "../../../src/core/errors.js";
import type { ForeignFile, ForeignModel } from "../../../src/formats/foreign.js";
import { buildOnnx, computed, type Computed } from "../../../src/formats/onnx/build/index.js";
import { readTfjs } from "../../../src/formats/tfjs/index.js";
import { readTflite } from "../../../src/formats/tflite/index.js";
import { Graph } from "../../../src/graph/graph.js";
import { Scope } from "../../../src/nn/scope.js";
import { compile } from "../../../src/plan/compile.js";
import { asset } from "../../assets.js";
import { toNhwc } from "../../zoo/recipe.js";
import { rowByRow, runBuilt } from "../onnx/run-built.js";

/** A file with those of its folder. */
function open(path: string): ForeignFile {
  return {
    name: path,
    bytes: new Uint8Array(readFileSync(path)),
    async beside(name) {
      const other = join(path, "..", name);
      if (!existsSync(other)) throw new DataError(`there is no ${other}`);
      return new Uint8Array(readFileSync(other));
    },
  };
}

/** exp(x) / sum, in double precision. */
function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

const argmax = (values: ArrayLike<number>) => Array.from(values).indexOf(Math.max(...Array.from(values)));

interface Case {
  readonly folder: string;
  readonly file: string;
  readonly size: number;
  readonly read: (file: ForeignFile) => Promise<ForeignModel>;
  /** Of the probabilities: what float32 leaves, or what a level of the file's bytes makes. */
  readonly tolerance: number;
  readonly exact?: boolean;
  /** What the file says besides. */
  readonly says: { labels: string[]; preprocessing: object };
}

const wholeImage = (size: number) => ({ resize: [size, size], crop: [size, size], interpolation: "bilinear", scale: 1, mean: [127.5], std: [127.5] });
const imagenet = ["background", "tench, Tinca tinca", "goldfish, Carassius auratus"];
const exact = (file: ForeignFile) => readTflite(file, { quantized: "exact" });
const coral2 = {
  folder: "mobilenet_v2_1.0_224_coral_tf2ptq",
  file: "tf2_mobilenet_v2_1.0_224_ptq.tflite",
  size: 224,
  says: { labels: imagenet, preprocessing: wholeImage(224) },
};
const coral1 = {
  folder: "mobilenet_v1_0.25_128_coral_qat",
  file: "mobilenet_v1_0.25_128_quant.tflite",
  size: 128,
  says: { labels: imagenet, preprocessing: wholeImage(128) },
};
const cases: Case[] = [
  {
    folder: "teachable_machine_mobilenet_v2_0.35",
    file: "model.json",
    size: 224,
    read: readTfjs,
    tolerance: 1e-5,
    says: { labels: ["Cat", "Dog"], preprocessing: { resize: 224, crop: 224, interpolation: "bilinear", scale: 1 / 127, mean: [1], std: [1] } },
  },
  { ...coral2, read: readTflite, tolerance: 1e-5 },
  { ...coral2, read: exact, exact: true, tolerance: 0.05 },
  { ...coral1, read: readTflite, tolerance: 1e-5 },
  { ...coral1, read: exact, exact: true, tolerance: 0.05 },
];

describe("files of real networks give their reference logits", () => {
  for (const each of cases) {
    const paths = [each.file, "reference.json", "input_0.f32", "input_1.f32"].map((file) => asset(`weights/${each.folder}/${file}`));
    const isThere = paths.every((path) => path !== undefined);
    if (!isThere) console.warn(`skipped: weights/${each.folder} is not in the assets folder`);

    test.skipIf(!isThere)(`${each.folder}${each.exact ? ", rounded as the file rounds" : ""}`, async () => {
      const [file, reference, ...inputs] = paths as string[];
      const model = await each.read(open(file));
      expect({ labels: model.labels?.slice(0, 3), preprocessing: model.preprocessing }).toEqual(each.says);

      const graph = new Graph();
      const shape = [2, each.size, each.size, 3];
      const x = computed(graph.input("x", shape), shape, [0, 1, 2, 3]);
      const { outputs, weights } = buildOnnx(model.graph, new Scope(graph), new Map([[model.graph.inputs[0].name, x]]));
      graph.output("y", rowByRow([...outputs.values()][0] as Computed));
      // The transposes round every convolution are gone.
      if (!each.exact) expect(compile(graph).calls.filter(({ kernel }) => /^(transpose|copy)/.test(kernel))).toEqual([]);

      const images = inputs.map((path) => toNhwc(new Float32Array(new Uint8Array(readFileSync(path)).buffer), [1, 3, each.size, each.size]));
      const { y } = await runBuilt({ graph, weights }, { x: Float32Array.from(images.flatMap((image) => [...image])) });
      const expected: { logits: number[][] } = JSON.parse(readFileSync(reference, "utf8"));
      const classes = expected.logits[0].length;
      for (const i of [0, 1]) {
        const [found, wanted] = [y.subarray(i * classes, (i + 1) * classes), softmax(expected.logits[i])];
        expect(argmax(found)).toBe(argmax(wanted));
        expect(Math.max(...wanted.map((value, k) => Math.abs(value - found[k])))).toBeLessThan(each.tolerance);
      }
    });
  }
});
