import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readOnnx } from "../../../src/formats/onnx/read-model.js";
import { compile } from "../../../src/plan/compile.js";
import { asset } from "../../assets.js";
import { relativeError, toNhwc } from "../../zoo/recipe.js";
import { imageGraph, runBuilt } from "./run-built.js";

describe("ONNX files of real networks give the logits of PyTorch", () => {
  for (const [folder, size] of [
    ["squeezenet1_0_deepcompression", 227],
    ["mobilenet_v3_small_random", 224],
  ] as const) {
    const paths = ["model.onnx", "reference.json", "input_0.f32", "input_1.f32"].map((file) => asset(`weights/${folder}/${file}`));
    const isThere = paths.every((path) => path !== undefined);
    if (!isThere) console.warn(`skipped: weights/${folder} is not in the assets folder`);

    test.skipIf(!isThere)(folder, async () => {
      const [file, reference, ...inputs] = paths as string[];
      const model = readOnnx(readFileSync(file), file);
      const built = imageGraph(model, [2, 3, size, size]);
      const moved = compile(built.graph).calls.filter(({ kernel }) => kernel.startsWith("transpose") || kernel.startsWith("copy"));
      const concatenations = built.graph.nodes.filter(({ op }) => op.name === "concat").flatMap(({ inputNames }) => inputNames);
      expect(moved.length).toBe(concatenations.length);

      const images = inputs.map((path) => toNhwc(new Float32Array(new Uint8Array(readFileSync(path)).buffer), [1, 3, size, size]));
      const { y } = await runBuilt(built, { x: Float32Array.from(images.flatMap((image) => [...image])) });
      const expected: { logits: number[][] } = JSON.parse(readFileSync(reference, "utf8"));
      const error = relativeError(y, expected.logits.slice(0, 2).flat());
      expect(error).toBeLessThanOrEqual(1e-4);
    });
  }
});
