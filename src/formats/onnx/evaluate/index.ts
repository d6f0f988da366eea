import { UnsupportedOpError } from "../../../core/errors.js";
import { formatShape } from "../../../core/shape.js";
import type { Constant } from "../constant.js";
import { Call, type Evaluate } from "../operator.js";
import type { OnnxModel, OnnxNode } from "../read-model.js";
import { elementwise } from "./elementwise.js";
import { network } from "./network.js";
import { quantizedOperators } from "./quantized.js";
import { reductions } from "./reduce.js";
import { shapes } from "./shapes.js";

const operators = new Map<string, Evaluate>(Object.entries({ ...elementwise, ...shapes, ...reductions, ...network, ...quantizedOperators }));

/** Outputs of one node on known numbers, in double precision and rounded to the tensors' types. @throws {UnsupportedOpError} naming the node */
export function evaluate(node: OnnxNode, opset: number, inputs: readonly (Constant | undefined)[], file: string): readonly Constant[] {
  const operator = operators.get(node.op);
  if (!operator) {
    const given = inputs.map((input) => (input ? formatShape(input.shape) : "none")).join(", ");
    throw new UnsupportedOpError(`onnx: ${node.op}${node.name ? ` "${node.name}"` : ""} of ${given} is not supported (opset ${opset}, ${file})`);
  }
  return operator(new Call(node, opset, inputs, file));
}

/** A whole graph on known numbers: slow, for proofs. */
export function evaluateGraph(model: OnnxModel, inputs: ReadonlyMap<string, Constant>): Map<string, Constant> {
  const known = new Map<string, Constant>(inputs);
  for (const [name, initializer] of model.initializers) known.set(name, initializer.decode());
  for (const node of model.nodes) {
    const outputs = evaluate(
      node,
      model.opset,
      node.inputs.map((name) => (name ? known.get(name) : undefined)),
      model.file,
    );
    node.outputs.forEach((name, i) => name && known.set(name, outputs[i]));
  }
  return new Map(model.outputs.map(({ name }) => [name, known.get(name) as Constant]));
}
