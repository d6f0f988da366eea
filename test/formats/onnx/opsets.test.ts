/** Graphs of opsets 18 to 21 give what onnxruntime gives: see scripts/fixtures/onnx-opsets.ts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Shape } from "../../../src/core/shape.js";
import { readOnnx } from "../../../src/formats/onnx/read-model.js";
import { relativeError } from "../../zoo/recipe.js";
import { built, imageOrder, inMemory, numbers } from "./graph.js";
import { runBuilt } from "./run-built.js";

interface Case {
  readonly name: string;
  readonly x: Shape;
  readonly model: string;
  readonly expected: readonly { readonly name: string; readonly shape: Shape; readonly data: readonly (number | "NaN")[] }[];
}
const cases: readonly Case[] = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/onnx-opsets.json"), "utf8"));

test.each(cases)("$name", async ({ x, model, expected }) => {
  const read = readOnnx(Buffer.from(model, "base64"), "test.onnx");
  const order = x.length === 4 ? imageOrder : [...x.keys()];
  const graph = built(read, x, { order });
  const found = await runBuilt(graph, { x: inMemory(numbers(x), order) });
  for (const { name, shape, data } of expected) {
    expect(graph.graph.outputs.get(name)?.shape, name).toEqual(shape);
    expect(relativeError(found[name], data.map(Number)), name).toBeLessThan(2e-6);
  }
});
