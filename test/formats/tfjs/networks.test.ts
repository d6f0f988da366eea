import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { constant } from "../../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../../src/formats/onnx/evaluate/index.js";
import { readTfjsArtifacts } from "../../../src/formats/tfjs/index.js";
import { relativeError } from "../../zoo/recipe.js";
import { decode, inputNumbers, type TfjsCase, weightsOf } from "./recipe.js";

describe.each(["tfjs-layers", "tfjs-graphs"])("%s give what TF.js gives", (fixture) => {
  const cases: TfjsCase[] = JSON.parse(readFileSync(resolve(import.meta.dirname, `../../fixtures/${fixture}.json`), "utf8"));

  test.each(cases)("$name", async (each) => {
    const { specs, data } = weightsOf(each);
    const { graph } = await readTfjsArtifacts({ modelTopology: each.topology, weightSpecs: specs, weightData: data.buffer, signature: each.signature });
    const inputs = graph.inputs.map(({ name }, i) => [name, constant("float32", each.inputs[i], inputNumbers(i, each.inputs[i]))] as const);
    const outputs = [...evaluateGraph(graph, new Map(inputs))];
    expect(outputs.map(([, { shape }]) => shape)).toEqual(each.outputs.map(({ shape }) => shape));
    const wrong = outputs.filter(([, { data }], i) => {
      const expected = decode(each.outputs[i]);
      return expected.some((value) => value !== 0) ? !(relativeError(data, expected) < 1e-5) : data.some((value) => value !== 0);
    });
    expect(wrong.map(([name]) => name)).toEqual([]);
  });
});
