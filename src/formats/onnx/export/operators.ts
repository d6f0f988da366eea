/** How each op of ours is written in ONNX's operators, opset 17. */
import type { WriteNode } from "./graph-writer.js";
import { attentions } from "./attention.js";
import { elementwise } from "./elementwise.js";
import { general } from "./general.js";
import { layers } from "./layers.js";
import { quantized } from "./quantized.js";
import { shapes } from "./shapes.js";

export const operators: ReadonlyMap<string, WriteNode> = new Map(
  Object.entries({ ...layers, ...elementwise, ...shapes, ...attentions, ...general, ...quantized }),
);
