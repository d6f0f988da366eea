import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { constant } from "../../../src/formats/onnx/constant.js";
import { evaluateGraph } from "../../../src/formats/onnx/evaluate/index.js";
import { readTfjsArtifacts } from "../../../src/formats/tfjs/index.js";
import { loadForeign } from "../../../src/zoo/load-foreign.js";
import { relativeError } from "../../zoo/recipe.js";
import { decode, inputNumbers, type TfjsCase, weightsOf } from "./recipe.js";

const fixture = gunzipSync(readFileSync(resolve(import.meta.dirname, "../../fixtures/keras.json.gz"))).toString();
const { cases }: { cases: (TfjsCase & { readonly levels: boolean })[] } = JSON.parse(fixture);

test("numbers stand where Keras 3 wrote them", async () => {
  const [x, y, z] = ["x", "minus", "over"].map((layer) => ({ class_name: "__keras_tensor__", config: { keras_history: [layer, 0, 0] } }));
  const layer = (class_name: string, name: string, args: unknown[]) => ({ class_name, name, config: { name }, inbound_nodes: [{ args, kwargs: {} }] });
  const layers = [
    { class_name: "InputLayer", name: "x", config: { batch_shape: [null, 2] }, inbound_nodes: [] },
    layer("Subtract", "minus", [1, x]),
    layer("Divide", "over", [y, 4]),
    layer("TrueDivide", "under", [[2, z]]),
  ];
  const config = { name: "numbers", layers, input_layers: ["x", 0, 0], output_layers: ["under", 0, 0] };
  const modelTopology = { keras_version: "3.15.1", model_config: { class_name: "Functional", config } };
  const { graph } = await readTfjsArtifacts({ modelTopology, weightSpecs: [], weightData: new ArrayBuffer(0) });
  const given = constant("float32", [1, 2], [-1, 3]);
  expect([...(evaluateGraph(graph, new Map([["x", given]])).get("under")?.data ?? [])]).toEqual([4, -4]);
});

test.each(cases)("$name gives Keras' logits", async (each) => {
  const { specs, data } = weightsOf(each);
  const foreign = await readTfjsArtifacts({ modelTopology: each.topology, weightSpecs: specs, weightData: data.buffer });
  const model = await loadForeign(foreign, { inline: true, build: "simd", winograd: false });
  const numbers = inputNumbers(0, each.inputs[0]);
  const images = each.levels ? numbers.map((x) => Math.fround(x + 1) * 127.5) : numbers;
  const { data: logits, shape } = await model.forward({ data: images, shape: each.inputs[0], layout: "NHWC" });
  model.close();
  expect(shape).toEqual(each.outputs[0].shape);
  expect(relativeError(logits, decode(each.outputs[0]))).toBeLessThan(1e-4);
});
