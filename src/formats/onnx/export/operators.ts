/** How each op of ours is written in ONNX's operators, opset 17. */
import type { Node } from "../../../graph/graph.js";
import type { GraphWriter } from "./graph-writer.js";
import { elementwise } from "./elementwise.js";
import { layers } from "./layers.js";
import { quantized } from "./quantized.js";
import { shapes } from "./shapes.js";

/** Writes one node; its op's first output is then known to the writer. */
export type WriteNode = (write: GraphWriter, node: Node) => void;

export const operators: ReadonlyMap<string, WriteNode> = new Map(Object.entries({ ...layers, ...elementwise, ...shapes, ...quantized }));
