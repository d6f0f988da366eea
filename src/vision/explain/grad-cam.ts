import { UnsupportedOpError } from "../../core/errors.js";
import { formatShape, sizeOf } from "../../core/shape.js";
import { gradients } from "../../autograd/index.js";
import type { Node, Value } from "../../graph/graph.js";
import { ancestorsOf, chooseLayer, type Grid, type SpatialLayer, spatialLayers } from "./spatial.js";

/** Importance of each place for one output, 0 to 1, row by row. */
export interface HeatGrid extends Grid {
  readonly data: Float32Array;
}

/** Names of what a graph with Grad-CAM takes and gives besides its own. */
export const camNames = { weight: "explain.dy", activation: "explain.activation", gradient: "explain.gradient" };

/**
 * Adds to the graph of `y` [1, ...] the gradient of its elements, weighted by the input `explain.dy`, for a spatial activation; both are outputs.
 *
 * @param image size in pixels of the network's input
 * @throws {ArgumentError} for a layer that is not there, {UnsupportedOpError} where there is no gradient to it
 */
export function addGradCam(y: Value, image: Grid, layerName?: string): SpatialLayer {
  const { graph } = y;
  const layer = chooseLayer(spatialLayers(y, image), graph, layerName);
  const step = stepBetween(layer.value, y);
  if (step)
    throw new UnsupportedOpError(`explain: this network rounds to levels at ${step.scope}, where there is no gradient; open it with { quantized: "drop" }`);
  const slope = gradients(y, [layer.value], graph.input(camNames.weight, y.shape)).get(layer.value);
  if (!slope) throw new UnsupportedOpError(`explain: ${formatShape(y.shape)} does not depend on ${layer.name}`);
  graph.output(camNames.activation, layer.value);
  graph.output(camNames.gradient, slope);
  return layer;
}

/** Functions whose slope is 0 wherever there is one. */
const steps = new Set<unknown>(["ceil", "floor", "round", "sign", "trunc"]);

/** A step function on the way from one value to another: a gradient through it says nothing. */
function stepBetween(from: Value, to: Value): Node | undefined {
  const after = new Set([from]);
  const before = ancestorsOf(to);
  return from.graph.nodes.find(({ inputNames, outputNames, tensors, op, attributes }) => {
    if (!inputNames.some((name) => after.has(tensors[name]))) return false;
    for (const name of outputNames) after.add(tensors[name]);
    return op.name === "map" && steps.has(attributes.fn) && before.has(tensors[outputNames[0]]);
  });
}

/**
 * Grad-CAM (Selvaraju et al. 2017, equations 1 and 2): ReLU of the sum of the activation's channels, each weighted by its mean gradient; then
 * divided by the largest value, where that is not 0.
 */
export function gradCam({ value, height, width }: SpatialLayer, activation: Float32Array, gradient: Float32Array): HeatGrid {
  const channels = value.shape[value.shape.length - 1];
  const places = height * width;
  const first = sizeOf(value.shape) / channels - places; // tokens that are no patches
  const weights = new Float64Array(channels);
  for (let at = first * channels; at < gradient.length; at++) weights[at % channels] += gradient[at] / places;
  const heat = Float64Array.from({ length: places }, (_, place) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += weights[channel] * activation[(first + place) * channels + channel];
    return Math.max(0, sum);
  });
  const most = heat.reduce((a, b) => Math.max(a, b), 0);
  return { data: Float32Array.from(heat, (sum) => (most > 0 ? sum / most : 0)), width, height };
}
