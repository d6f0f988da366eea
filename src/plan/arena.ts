import type { Slices } from "../core/slices.js";

/** A block of memory that is needed from one step of a program to another, both inclusive. */
export interface Block {
  readonly bytes: number;
  first: number;
  last: number;
  offset: number;
}

/** Bytes of an arena by purpose, when it is fullest. */
export interface ArenaUse {
  /** Inputs and outputs of layers, and the gaps between all. */
  readonly activations: number;
  /** What a training step computes from the loss. */
  readonly gradients: number;
  /** What kernels use while they run, for all threads. */
  readonly workspace: number;
}
export type Purpose = keyof ArenaUse;

const alignment = 64;

/** Rounds a size up to whole 64-byte lines, so that kernels may use the padding of a tensor. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/**
 * Gives each block an offset so that blocks whose lifetimes meet do not overlap: largest first, each at the lowest
 * place that fits (Pisarchyk & Lee 2020, "Efficient Memory Management for Deep Neural Net Inference", greedy by size).
 *
 * @returns bytes of the whole arena
 */
export function* packArena(blocks: readonly Block[]): Slices<number> {
  const placed: Block[] = []; // by offset
  let total = 0;
  const bySize = [...blocks].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  for (const block of bySize) {
    yield;
    let offset = 0;
    for (const other of placed) {
      if (other.last < block.first || other.first > block.last) continue;
      if (other.offset >= offset + padded(block.bytes)) break;
      offset = Math.max(offset, other.offset + padded(other.bytes));
    }
    block.offset = offset;
    total = Math.max(total, offset + padded(block.bytes));
    let at = placed.findIndex((other) => other.offset > offset);
    if (at < 0) at = placed.length;
    placed.splice(at, 0, block);
  }
  return total;
}

/** What an arena of `total` bytes holds at the step of the program at which it holds most. */
export function* fullestMoment(blocks: readonly (Block & { readonly purpose: Purpose })[], total: number): Slices<ArenaUse> {
  const steps = [...blocks].sort((a, b) => a.first - b.first);
  let most = 0;
  let fullest: ArenaUse = { activations: total, gradients: 0, workspace: 0 };
  for (const { first } of steps) {
    yield;
    const now = { activations: 0, gradients: 0, workspace: 0 };
    for (const block of steps) {
      if (block.first > first) break;
      if (block.last >= first) now[block.purpose] += padded(block.bytes);
    }
    const sum = now.activations + now.gradients + now.workspace;
    if (sum > most) [most, fullest] = [sum, { ...now, activations: total - now.gradients - now.workspace }];
  }
  return fullest;
}
