import { LimitError } from "../../core/errors.js";
import type { Value } from "../../graph/graph.js";
import type { Activation } from "../../nn/activation.js";
import type { Scope } from "../../nn/scope.js";
import { roundChannels } from "../names.js";

/** Equal blocks one after another: a row of the tables in which papers describe mobile networks. `blocks.ts` builds them. */
export interface Row {
  readonly block: "conv" | "separable" | "inverted" | "fused" | "universal" | "attention";
  /** Output channels. */
  readonly channels: number;
  readonly repeats: number;
  /** Of the (middle) spatial convolution; 0 where a universal block has none. */
  readonly kernel: number;
  /** Of the first block; the others have 1. */
  readonly stride: number;
  /** Channels inside over channels in. */
  readonly expansion: number;
  /** Squeeze-and-excitation: channels between its layers as a share (`Excitation.of` says of what); default 0, none. */
  readonly excite?: number;
  /** Default the network's. */
  readonly activation?: Activation;
  /** Whether the input is added where shapes allow; default that of the block. */
  readonly skip?: boolean;
  /** Universal blocks: kernel of the depthwise convolution before the expansion; default 0, none. */
  readonly start?: number;
  /** Attention blocks: what becomes of the normalised pixels [N, H, W, C]. */
  readonly attend?: (net: Scope, x: Value) => Value;
}

/** One block: a row with its place decided. */
export type Block = Omit<Row, "repeats">;

/** The blocks of a network by stage, one stage for each number in its parameter names: `blocks.<stage>.<block>`. */
export type Stages = readonly (readonly Row[])[];

const row =
  (block: Row["block"]) =>
  (channels: number, options: Partial<Row> = {}): Row => ({ block, channels, repeats: 1, kernel: 3, stride: 1, expansion: 1, ...options });

export const conv = row("conv");
export const separable = row("separable");
export const inverted = row("inverted");
export const fused = row("fused");
export const universal = row("universal");
export const attention = row("attention");

/** Blocks that a network may be scaled to; the deepest published one (EfficientNet-B7) has 55. */
const mostBlocks = 1000;

/**
 * The blocks of a network scaled in width and depth.
 *
 * @param options.width multiplies channels, default 1
 * @param options.depth multiplies the blocks of each stage, rounded up, default 1
 * @param options.fixedEnds whether the first and the last stage keep their depth, default false
 * @param options.round of channels, default `roundChannels`
 * @throws {LimitError} for more than a thousand blocks: a file may ask for any depth
 */
export function scale(
  stages: Stages,
  {
    width = 1,
    depth = 1,
    fixedEnds = false,
    round = roundChannels,
  }: { width?: number; depth?: number; fixedEnds?: boolean; round?: (channels: number) => number } = {},
): Block[][] {
  const blocks = depth * stages.flat().reduce((sum, { repeats }) => sum + repeats, 0);
  if (blocks > mostBlocks) throw new LimitError(`depth ${depth} makes ${Math.ceil(blocks)} blocks, more than ${mostBlocks}`);
  return stages.map((rows, stage) => {
    const repeats = fixedEnds && (stage === 0 || stage === stages.length - 1) ? rows.map((row) => row.repeats) : deepen(rows, depth);
    const blocks = rows.flatMap((row, i) => Array.from({ length: repeats[i] }, () => row));
    return blocks.map(({ repeats: _, ...block }, i) => ({ ...block, channels: round(block.channels * width), stride: i === 0 ? block.stride : 1 }));
  });
}

/** Shares ceil(depth x blocks) among the rows of a stage as timm does: from the last row on, each in proportion to what is left, at least 1. */
function deepen(rows: readonly Row[], depth: number): number[] {
  let blocks = rows.reduce((sum, { repeats }) => sum + repeats, 0);
  let left = Math.ceil(blocks * depth);
  const shares = [...rows].reverse().map(({ repeats }) => {
    const share = Math.max(1, roundHalfToEven((repeats / blocks) * left));
    blocks -= repeats;
    left -= share;
    return share;
  });
  return shares.reverse();
}

/** Python's `round`. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
