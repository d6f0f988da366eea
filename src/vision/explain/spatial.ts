import { ArgumentError, UnsupportedOpError } from "../../core/errors.js";
import { sizeOf } from "../../core/shape.js";
import type { Graph, Node, Value } from "../../graph/graph.js";

/** An activation in which every vector belongs to a place of the image. */
export interface SpatialLayer {
  readonly name: string;
  /** [1, height, width, C], or tokens [1, tokens, C] of which the last height x width are patches. */
  readonly value: Value;
  readonly height: number;
  readonly width: number;
}

/** Ops whose result is another one's under another shape or order. */
const rearrangements = new Set(["expand", "pad", "reshape", "slice", "tile", "transpose", "windowPartition"]);
/** Tokens beside the patches: class, distillation, registers. */
const mostPrefixTokens = 16;

/** The spatial activations of the network that makes `y` of x, in order. */
export function spatialLayers(y: Value): SpatialLayer[] {
  const layers: SpatialLayer[] = [];
  const reached = ancestorsOf(y);
  let grid: { height: number; width: number } | undefined;
  for (const node of y.graph.nodes) {
    const value = node.tensors[node.outputNames[0]];
    if (!reached.has(value) || value.dtype !== "float32" || rearrangements.has(node.op.name)) continue;
    const place = placeOf(value, grid);
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
  const attention = graph.nodes.findLast(({ op }) => op.name === "attention");
  if (last.value.shape.length === 4 || !attention) return last;
  let node: Node | undefined = attention;
  while (node && node.op.name !== "layerNorm") node = node.tensors[node.inputNames[0]].node;
  return layers.find(({ value }) => value.node === node) ?? last;
}

/** Each once, in order. */
export const namesOf = (layers: readonly SpatialLayer[]) => [...new Set(layers.map(({ name }) => name))];

function placeOf({ shape }: Value, grid: { height: number; width: number } | undefined): { height: number; width: number } | undefined {
  if (shape[0] !== 1) return undefined;
  if (shape.length === 4) return shape[1] * shape[2] > 1 ? { height: shape[1], width: shape[2] } : undefined;
  const others = grid && shape.length === 3 ? shape[1] - sizeOf([grid.height, grid.width]) : -1;
  return others >= 0 && others <= mostPrefixTokens ? grid : undefined;
}

function ancestorsOf(y: Value): Set<Value> {
  const reached = new Set([y]);
  for (const node of y.graph.nodes.toReversed()) {
    if (node.outputNames.some((name) => reached.has(node.tensors[name]))) for (const name of node.inputNames) reached.add(node.tensors[name]);
  }
  return reached;
}
