import { sameShape } from "../core/shape.js";
import type { Value } from "../graph/graph.js";
import { concat } from "../ops/concat.js";
import { matmul } from "../ops/dense.js";
import { reshape } from "../ops/reshape.js";
import { slice } from "../ops/slice.js";
import type { Scope } from "./scope.js";

/**
 * How a position embedding is made for another number of patches, always by cubic interpolation: `antialias` with half pixels as centres and a wider
 * filter where it shrinks, as timm does; `corners` with corner on corner, as torchvision's `interpolate_embeddings`.
 */
export type PositionResize = "antialias" | "corners";

interface PositionEmbedding {
  readonly channels: number;
  /** Tokens before the patches that have positions too. */
  readonly prefix: number;
  /** Patches below and beside each other in the images that the checkpoint was made for. */
  readonly native: readonly [number, number];
  /** Patches of these images. */
  readonly grid: readonly [number, number];
  readonly resize: PositionResize;
}

/**
 * The learned position embedding [1, prefix + patches, channels] for a grid of patches. The parameter has the shape that its checkpoint has, whatever
 * the size of the images; where the grid is another one, each run interpolates between its rows, two products with small constant matrices. So one
 * model takes images of several sizes, learns at any of them, and saves what PyTorch loads.
 */
export function positionEmbedding(net: Scope, name: string, { channels, prefix, native, grid, resize }: PositionEmbedding): Value {
  const [height, width] = native;
  const learned = net.parameter(name, [1, prefix + height * width, channels], { initializer: { kind: "normal", std: 0.02 } });
  if (sameShape(native, grid)) return learned;
  const rows = (from: number, count: number) => slice({ x: learned }, { starts: [0, from, 0], sizes: [1, count, channels] });
  const matrix = (from: number, to: number) => net.graph.constant(cubicMatrix(from, to, resize), [to, from]);
  const down = matmul({ a: matrix(height, grid[0]), b: reshape({ x: rows(prefix, height * width) }, { shape: [height, width * channels] }) });
  const across = matmul({ a: matrix(width, grid[1]), b: reshape({ x: down }, { shape: [grid[0], width, channels] }) });
  const patches = reshape({ x: across }, { shape: [1, grid[0] * grid[1], channels] });
  return prefix === 0 ? patches : concat([rows(0, prefix), patches], { axis: 1 });
}

/** The matrix [to, from] that resamples a line of `from` values to one of `to` (Keys 1981). */
export function cubicMatrix(from: number, to: number, resize: PositionResize): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const weights = resize === "antialias" ? antialiased(i, from, from / to) : betweenCorners(i, from, to);
    for (const [at, weight] of weights) matrix[i * from + at] += weight;
  }
  return matrix;
}

/** PyTorch's `interpolate(mode="bicubic", antialias=True)`: the filter widens with the step between samples, and is cut at the edges. */
function antialiased(i: number, from: number, step: number): [number, number][] {
  const stretch = Math.max(step, 1);
  const center = (i + 0.5) * step;
  const first = Math.max(0, Math.trunc(center - 2 * stretch + 0.5));
  const last = Math.min(from, Math.trunc(center + 2 * stretch + 0.5));
  const taps = Array.from({ length: last - first }, (_, k): [number, number] => [first + k, cubic((first + k + 0.5 - center) / stretch, -0.5)]);
  const sum = taps.reduce((total, [, weight]) => total + weight, 0);
  return taps.map(([at, weight]) => [at, weight / sum]);
}

/** PyTorch's `interpolate(mode="bicubic", align_corners=True)`: four taps, those beyond an edge at the edge. */
function betweenCorners(i: number, from: number, to: number): [number, number][] {
  const center = to > 1 ? (i * (from - 1)) / (to - 1) : 0;
  const left = Math.floor(center);
  return [-1, 0, 1, 2].map((k) => [Math.min(Math.max(left + k, 0), from - 1), cubic(left + k - center, -0.75)]);
}

/** The cubic convolution kernel with slope `a` at distance 1. */
function cubic(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}
