/** 3x3 convolutions with stride 1 by Winograd's minimal filtering: where they go that way, and how. */
import { vectorsOf, type Shape } from "../../core/shape.js";
import type { Value } from "../../graph/graph.js";
import type { Argument, Emitter, Walk } from "../../graph/op.js";
import { lineBytesOf, panelBytesOf, panelsOf } from "./product.js";
import { linesRead } from "./walk.js";
import type { Window } from "./window.js";

/** Side of a tile of outputs. */
export type TileSize = 2 | 4;

/** What the rule looks at: output height and width, input and output channels. Never the batch. */
export type LayerShape = readonly [height: number, width: number, channels: number, outChannels: number];

/** Bytes of the transforms' own memory, as in the kernels. */
const transformBytes = (4 * 4 + 2) * 6 * 64;
/** Columns of the product that are made and transformed together. */
const columnsTogether = 64;
/** Transformed inputs of one block of tiles fit beside the panels into the second-level cache ... */
const blockBytes = 2 ** 17;
/** ... but the panels are read once a block, so that blocks of few tiles would wait for memory. */
const leastTiles = 24;

/** Reading panels costs as much as one row of their product, from beyond the second-level cache as much as this many. */
const panelRows = 4;
const cachedPanels = 2 ** 20;
/** Starting and storing a sum of products costs as much as this many of its terms. */
const sumTerms = 6;
/** Transforming a number costs as much as this many of its terms; channels are transformed by cache lines. */
const transformTerms = 6;
const wholeLines = (channels: number) => Math.ceil(channels / 16) * 16;
/** Products of transformed numbers in a tile. */
const pointsOf = (size: TileSize) => (size + 2) * (size + 2);

/** Share of the direct convolution's cost from which on Winograd is not worth its memory. */
const worthwhile = 0.9;

/**
 * Tile size for a layer, or 0 where the direct convolution is to be used: whichever costs least, counted in multiply-adds
 * for one image. Constants fit bench/winograd.ts, forward and gradient alike, in every build: `turbo` promises the bits of `relaxed`.
 */
export function winogradRule([height, width, channels, outChannels]: LayerShape): TileSize | 0 {
  const products = (count: number, rows: number, depth: number) => {
    const reading = count * depth * outChannels * 4 > cachedPanels ? panelRows : 1;
    return count * (rows + reading) * (depth + sumTerms) * outChannels;
  };
  const cost = (size: TileSize) => {
    const tiles = Math.ceil(height / size) * Math.ceil(width / size);
    const transforms = transformTerms * tiles * (wholeLines(channels) + wholeLines(outChannels));
    return products(pointsOf(size), tiles, channels) + pointsOf(size) * transforms;
  };
  const best = cost(4) <= cost(2) ? 4 : 2;
  return cost(best) <= worthwhile * products(1, height * width, 9 * channels) ? best : 0;
}

/** The tile size for a convolution of kernel [kh, kw], or 0. */
export function winogradOf(
  emit: Emitter,
  [kh, kw]: Shape,
  { stride, dilation, groups }: Window & { readonly groups: number },
  shape: LayerShape,
): TileSize | 0 {
  const fits = kh === 3 && kw === 3 && groups === 1 && [...stride, ...dilation].every((step) => step === 1);
  return emit.winograd && fits ? winogradRule(shape) : 0;
}

/** Panels of the transformed weight [3, 3, in, out]; `flipped` for the input's gradient: taps backwards, in and out exchanged. */
function transformed(emit: Emitter, weight: Value, size: TileSize, flipped: boolean) {
  const [, , channels, filters] = weight.shape;
  const [depth, columns] = flipped ? [filters, channels] : [channels, filters];
  const [row, apart] = flipped ? [4, filters * 4] : [filters * 4, 4];
  const tap = channels * filters * 4;
  const first: Argument = flipped ? { base: weight, bytes: 8 * tap } : weight;
  const matrix = lineBytesOf(panelBytesOf(depth, columns, emit.build) / 4);
  const panels = emit.derived(weight, `winograd ${size} ${flipped}`, pointsOf(size) * matrix, (fill, target) => {
    const layout = [size, depth, columns, row, apart, flipped ? -tap : tap, matrix];
    fill.call("winograd_f32_pack", [target, first, fill.workspace(transformBytes), ...layout], panelsOf(columns, emit.build));
  });
  return { panels, matrix };
}

/** y = x * weight (+ bias, bounded), where output (0, 0) reads x from `origin`; `flipped` as for `transformed`. */
export function lowerWinograd(
  emit: Emitter,
  { x, weight, bias, y }: { x: Value; weight: Value; bias?: Value; y: Value },
  size: TileSize,
  origin: readonly [number, number],
  { flipped = false, low = -Infinity, high = Infinity } = {},
): void {
  const [batch, outHeight, outWidth, outChannels] = y.shape;
  const channels = x.shape[3];
  const points = pointsOf(size);
  const tiles = batch * Math.ceil(outHeight / size) * Math.ceil(outWidth / size);
  const row = lineBytesOf(channels);
  const blocks = Math.ceil(tiles / Math.max(leastTiles, Math.floor(blockBytes / (points * row))));
  const most = Math.ceil(tiles / Math.max(blocks, 1));
  const stepX = lineBytesOf((most * row) / 4);
  const stepY = lineBytesOf((most * panelBytesOf(1, Math.min(outChannels, columnsTogether), emit.build)) / 4);
  const { panels, matrix } = transformed(emit, weight, size, flipped);
  const work = emit.workspace(transformBytes + points * (stepX + stepY));
  const layer = [batch, ...x.shape.slice(1), ...origin, ...y.shape.slice(1)];
  const layout = [matrix, blocks, panelsOf(columnsTogether, emit.build), row, stepX, stepY];
  const units = blocks * panelsOf(outChannels, emit.build);
  const walk = walkTiles(x, y, size, origin[0], (step) => Math.floor((tiles * step) / blocks));
  emit.call("conv2d_f32_winograd", [y, x, panels, bias ?? 0, work, size, ...layer, ...layout, low, high], units, { steps: blocks, ...walk, product: true });
}

/** Rows of tiles are done when their last tile is, and read when their first is begun; `tilesAt(s)` tiles lie behind the first s steps. */
function walkTiles(x: Value, y: Value, size: TileSize, origin: number, tilesAt: (steps: number) => number): Pick<Walk, "reads" | "writes"> {
  const [, height, width, channels] = y.shape;
  const [down, across] = [Math.ceil(height / size), Math.ceil(width / size)];
  const written = (rows: number) => Math.floor(rows / down) * height + Math.min((rows % down) * size, height);
  const window = { origin, stride: size, reach: size + 2, outHeight: down };
  return {
    reads: [linesRead(x, window, (steps) => Math.ceil(tilesAt(steps) / across))],
    writes: [{ tensor: y, bytes: (steps) => 4 * width * channels * written(Math.floor(tilesAt(steps) / across)), ragged: true }],
  };
}

/** Tiles whose products are summed in one go: both transformed factors stay near, and the sums are not passed too often. */
const sliceBytes = 2 ** 20;
const leastSlice = 128;

/** dweight of x and dy by F(3x3, 4x4): tiles of 4 x 4 pixels of dy are the filters. Output (0, 0) reads x from `origin`. */
export function lowerWinogradBackwardWeight(
  emit: Emitter,
  { x, dy, dweight }: { x: Value; dy: Value; dweight: Value },
  origin: readonly [number, number],
): void {
  const [batch, outHeight, outWidth, outChannels] = dy.shape;
  const channels = x.shape[3];
  const grid = [Math.ceil(outHeight / 4), Math.ceil(outWidth / 4)];
  const tiles = batch * grid[0] * grid[1];
  const points = pointsOf(4);
  const [rowX, rowY] = [lineBytesOf(channels), lineBytesOf(outChannels)];
  const most = Math.min(tiles, Math.max(leastSlice, Math.floor(sliceBytes / (points * (rowX + rowY)))));
  const [stepX, stepY] = [lineBytesOf((most * rowX) / 4), lineBytesOf((most * rowY) / 4)];
  const windows = emit.scratch(points * stepX);
  const filters = emit.scratch(points * stepY);
  const row = panelBytesOf(1, outChannels, emit.build);
  const matrix = lineBytesOf((channels * row) / 4);
  const sums = emit.scratch(points * matrix);
  const work = emit.workspace(transformBytes);
  for (let tile = 0; tile < tiles; tile += most) {
    const count = Math.min(most, tiles - tile);
    emit.call("winograd_f32_windows", [windows, x, work, 6, ...x.shape.slice(1), ...origin, ...grid, tile, rowX, stepX], count);
    emit.call("winograd_f32_windows", [filters, dy, work, 4, ...dy.shape.slice(1), 0, 0, ...grid, tile, rowY, stepY], count);
    emit.call("winograd_f32_products", [sums, windows, filters, count, channels, row, matrix, rowX, rowY, stepX, stepY, +(tile > 0)], points * channels);
  }
  if (tiles === 0) emit.call("fill_f32", [dweight, 0], vectorsOf(dweight.shape));
  else emit.call("conv2d_f32_winograd_backward_weight", [dweight, sums, work, channels, outChannels, row, matrix], channels);
}
