import { integers, stored } from "../../formats/onnx/constant.js";
import type { OnnxModel } from "../../formats/onnx/read-model.js";

/**
 * The same graph where a Reshape that spells out how many images there are takes them as they come: exporters that trace a
 * network on one image leave such sizes. Whether the graph then works for any number is to be tried.
 *
 * @param batch images that the graph was made for
 */
export function withFreeBatch(model: OnnxModel, batch: number): OnnxModel {
  const initializers = new Map(model.initializers);
  const constant = new Set(initializers.keys());
  const nodes = model.nodes.map((node) => {
    if (node.inputs.every((name) => !name || constant.has(name))) for (const name of node.outputs) constant.add(name);
    const sizes = node.op === "Reshape" && !constant.has(node.inputs[0]) ? [...(model.initializers.get(node.inputs[1])?.decode().data ?? [])] : [];
    if (sizes.length < 2 || sizes[0] !== batch) return node;
    const name = `${node.inputs[1]} of ${node.outputs[0]}`;
    initializers.set(name, stored(integers([sizes.includes(-1) ? 0 : -1, ...sizes.slice(1)])));
    return { ...node, inputs: [node.inputs[0], name] };
  });
  return { ...model, nodes, initializers };
}
