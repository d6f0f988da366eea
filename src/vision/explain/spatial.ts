import { ArgumentError, UnsupportedOpError } from "../../core/errors.js";
import { sizeOf } from "../../core/shape.js";
import type { Graph, Node, Value } from "../../graph/graph.js";

/** Rows and columns of places, or of pixels. */
export interface Grid {
  readonly height: number;
  readonly width: number;
}

/** An activation in which every vector belongs to a place of the image. */
export interface SpatialLayer extends Grid {
  readonly name: string;
  /** [1, height, width, C], or tokens [1, tokens, C] of which the last height x width are patches. */
  readonly value: Value;
}

/** Ops whose result is another one's under another shape or order. */
const rearrangements = new Set(["expand", "pad", "reshape", "slice", "tile", "transpose", "windowPartition"]);
/** Tokens beside the patches: class, distillation, registers. */
const mostPrefixTokens = 16;

/** The spatial activations of the network that makes `y` of an image of so many pixels, in order. */
export function spatialLayers(y: Value, image: Grid): SpatialLayer[] {
  const layers: SpatialLayer[] = [];
  const reached = ancestorsOf(y);
  let grid: Grid | undefined;
  for (const node of y.graph.nodes) {
    const value = node.tensors[node.outputNames[0]];
    if (!reached.has(value) || value.dtype !== "float32" || rearrangements.has(node.op.name)) continue;
    const place = placeOf(value, image, grid);
    if (!place) continue;
    if (value.shape.length === 4) grid = place;
    layers.push({ name: node.scope || node.op.name, value, ...place });
  }
  return layers;
}

/**
 * The layer to look at: the last activation in or below `name`; without a name the last spatial one. After a transformer's last attention only the
 * class token may count, so there it is the normalised input of that attention.
 *
 * @throws {ArgumentError} for a name that no spatial layer has, {UnsupportedOpError} for a network without any
 */
export function chooseLayer(layers: readonly SpatialLayer[], graph: Graph, name?: string): SpatialLayer {
  if (layers.length === 0) throw new UnsupportedOpError("explain: this network has no activation with places of the image");
  if (name !== undefined) {
    const found = layers.findLast((layer) => layer.name === name || layer.name.startsWith(`${name}.`) || layer.name.startsWith(`${name}/`));
    if (!found) throw new ArgumentError(`explain: there is no spatial layer "${name}"; the last ones are ${namesOf(layers).slice(-8).join(", ")}`);
    return found;
  }
  const last = layers[layers.length - 1];
  const tokens = last.value.shape.length === 3 ? last.value.shape[1] : 0;
  const attention = graph.nodes.findLast((node) => isAttention(node, tokens));
  if (!tokens || !attention) return last;
  const before = ancestorsOf(attention.tensors[attention.outputNames[0]]);
  return layers.findLast(({ value }) => value.node?.op.name === "layerNorm" && before.has(value)) ?? last;
}

/** One op, or as other programs' files write it: a softmax over as many tokens for each. */
function isAttention({ op, tensors, outputNames }: Node, tokens: number): boolean {
  const { shape } = tensors[outputNames[0]];
  return op.name === "attention" || (op.name === "softmax" && shape.length > 2 && shape.at(-1) === tokens && shape.at(-2) === tokens);
}

/** Each once, in order. */
export const namesOf = (layers: readonly SpatialLayer[]) => [...new Set(layers.map(({ name }) => name))];

function placeOf({ shape }: Value, image: Grid, grid: Grid | undefined): Grid | undefined {
  if (shape[0] !== 1) return undefined;
  if (shape.length === 4) return isMap(shape[1], shape[2], image) ? { height: shape[1], width: shape[2] } : undefined;
  const others = grid && shape.length === 3 ? shape[1] - sizeOf([grid.height, grid.width]) : -1;
  return others >= 0 && others <= mostPrefixTokens ? grid : undefined;
}

/** Whether two axes are those of the image, of its proportions, rather than channels or the heads and tokens of an attention. */
function isMap(height: number, width: number, image: Grid): boolean {
  if (height * width <= 1) return false;
  if (image.height === image.width) return height === width;
  const stretch = (height * image.width) / (width * image.height);
  return stretch >= 0.5 && stretch <= 2;
}

/** A value and all that it is computed from. */
export function ancestorsOf(y: Value): Set<Value> {
  const reached = new Set([y]);
  for (const node of y.graph.nodes.toReversed()) {
    if (node.outputNames.some((name) => reached.has(node.tensors[name]))) for (const name of node.inputNames) reached.add(node.tensors[name]);
  }
  return reached;
}
