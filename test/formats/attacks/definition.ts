/** Files of ours whose graph is not to be believed: what a stranger may write beside good weights. */
import { toBase64 } from "../../../src/core/base64.js";
import { writeSafetensors } from "../../../src/formats/safetensors/index.js";
import type { OnnxModel, OnnxTensorInfo } from "../../../src/formats/onnx/read-model.js";
import { onnxBytes } from "../../../src/formats/onnx/write-model.js";
import { images, model, node, stem, stemShapes, tail, tailShapes, whole } from "../../zoo/tiny-onnx.js";

const parameters = (shapes: Record<string, readonly number[]>): OnnxTensorInfo[] =>
  Object.entries(shapes).map(([name, shape]) => ({ name, type: "float32", shape }));
const tensors = { ...stemShapes, ...tailShapes };

/** A definition as `save` writes it, with changes. */
const definition = ({ shapes = tensors, ...rest }: { shapes?: Record<string, readonly number[]> } & Partial<OnnxModel> = {}): OnnxModel =>
  model([...stem, ...tail], new Map(), { inputs: [images(["N", 3, 8, 8]), ...parameters(shapes)], ...rest });

const file = (graph: string): Promise<Uint8Array> =>
  writeSafetensors(
    Object.entries(tensors).map(([name, shape]) => ({ name, dtype: "F32" as const, shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) })),
    { "ocelli.architecture": '{"name":"tiny","options":{}}', "ocelli.graph": graph },
  );

const inGraph = (graph: OnnxModel) => file(toBase64(onnxBytes(graph)));

const renamed = (from: string, to: string) => (name: string) => (name === from ? to : name);

/** The definition as it should be, and the shapes of its weights: what the attacks differ from. */
export const soundDefinition = onnxBytes(definition());
export const weightShapes: ReadonlyMap<string, readonly number[]> = new Map(Object.entries(tensors));
export const sound = () => file(toBase64(soundDefinition));

export const attacks: readonly { name: string; bytes: () => Promise<Uint8Array>; message: RegExp }[] = [
  { name: "no base64", bytes: () => file("\u00e4"), message: /metadata "ocelli\.graph" is not base64/ },
  { name: "no graph", bytes: () => file(""), message: /opset/ },
  { name: "no outputs", bytes: () => inGraph(definition({ outputs: [] })), message: /no outputs/ },
  { name: "cut in the middle", bytes: () => file(toBase64(onnxBytes(definition()).subarray(0, 300))), message: /not an ONNX file/ },
  { name: "a weight of another shape", bytes: () => inGraph(definition({ shapes: { ...tensors, "conv2.bias": [4] } })), message: /conv2\.bias|bias/ },
  {
    name: "a weight that the file has in another shape",
    bytes: () => inGraph(definition({ shapes: { ...tensors, "fc.weight": [7, 8], "fc.bias": [7] } })),
    message: /fc\.weight expected \[7,8\], found \[5,8\]/,
  },
  {
    name: "a weight that the file has not",
    bytes: () =>
      inGraph(
        definition({
          nodes: [
            ...stem,
            node("Mul", ["map", "gone"], ["more"]),
            ...tail.map((each) => ({ ...each, inputs: each.inputs.map((name) => (name === "map" ? "more" : name)) })),
          ],
          shapes: { ...tensors, gone: [1, 8, 1, 1] },
        }),
      ),
    message: /1 missing: gone \[1,8,1,1\]/,
  },
  {
    name: "a weight of 4 GB",
    bytes: () => inGraph(definition({ shapes: { ...tensors, "fc.weight": [2 ** 27, 8], "fc.bias": [2 ** 27] } })),
    message: /elements|expected \[134217728/,
  },
  {
    name: "a weight of negative size",
    bytes: () => inGraph(definition({ shapes: { ...tensors, "fc.weight": [-5, 8] } })),
    message: /"fc\.weight" expects a shape of whole sizes/,
  },
  {
    name: "a weight that is named twice",
    bytes: () => inGraph(definition({ inputs: [images(["N", 3, 8, 8]), ...parameters(tensors), ...parameters({ "fc.bias": [5] })] })),
    message: /"fc\.bias" is an input twice/,
  },
  {
    name: "a weight of __proto__ that the file has not",
    bytes: () =>
      inGraph(
        definition({
          nodes: [...stem, node("Mul", ["map", "__proto__"], ["more"]), ...tail.map((each) => ({ ...each, inputs: each.inputs.map(renamed("map", "more")) }))],
          inputs: [images(["N", 3, 8, 8]), ...parameters(tensors), { name: "__proto__", type: "float32", shape: [1, 8, 1, 1] }],
        }),
      ),
    message: /1 missing: __proto__ \[1,8,1,1\]/,
  },
  {
    name: "a weight of open size",
    bytes: () => inGraph(definition({ inputs: [images(["N", 3, 8, 8]), { name: "conv1.weight", type: "float32" }, ...parameters(tensors).slice(1)] })),
    message: /"conv1\.weight" expects a shape/,
  },
  {
    name: "numbers that are asked for too early",
    bytes: () => inGraph(definition({ nodes: [...stem, node("Reshape", ["map", "fc.bias"], ["scores"])] })),
    message: /Reshape|fc\.bias/,
  },
  { name: "images of two channels", bytes: () => inGraph(definition({ inputs: [images(["N", 2, 8, 8]), ...parameters(tensors)] })), message: /channels/ },
  {
    name: "a cycle",
    bytes: () => inGraph(definition({ nodes: [node("Relu", ["scores"], ["a"]), node("Relu", ["a"], ["scores"])] })),
    message: /made of its own output/,
  },
  { name: "an unknown operator", bytes: () => inGraph(definition({ nodes: [node("Shell", ["images"], ["scores"])] })), message: /Shell/ },
  {
    name: "a tensor blown up on the way",
    bytes: () =>
      inGraph(
        definition({
          nodes: [
            node("Tile", ["map", "often"], ["huge"]),
            ...stem,
            ...tail.map((each) => ({ ...each, inputs: each.inputs.map((name) => (name === "map" ? "huge" : name)) })),
          ],
          initializers: new Map([["often", whole([1, 1, 65536, 65536])]]),
        }),
      ),
    message: /elements|limit/i,
  },
];
