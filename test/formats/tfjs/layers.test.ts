import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { constant } from "../../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../../src/formats/onnx/evaluate/index.js";
import { readTfjsArtifacts } from "../../../src/formats/tfjs/index.js";
import { relativeError } from "../../zoo/recipe.js";
import { decode, inputNumbers, type TfjsCase, weightsOf } from "./recipe.js";

const fixture = (name: string): TfjsCase[] => JSON.parse(readFileSync(resolve(import.meta.dirname, `../../fixtures/${name}.json`), "utf8"));

test.each(fixture("tfjs-layers"))("a layers model gives what TF.js gives: $name", async (each) => {
  const { specs, data } = weightsOf(each);
  const { graph } = await readTfjsArtifacts({ modelTopology: each.topology, weightSpecs: specs, weightData: data.buffer });
  const inputs = graph.inputs.map(({ name }, i) => [name, constant("float32", each.inputs[i], inputNumbers(i, each.inputs[i]))] as const);
  const outputs = [...evaluateGraph(graph, new Map(inputs)).values()];
  expect(outputs.map(({ shape }) => shape)).toEqual(each.outputs.map(({ shape }) => shape));
  for (const [i, output] of outputs.entries()) expect(relativeError(output.data, decode(each.outputs[i])), graph.outputs[i].name).toBeLessThan(1e-5);
});
