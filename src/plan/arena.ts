/** A block of memory that is needed from one step of a program to another, both inclusive. */
export interface Block {
  readonly bytes: number;
  first: number;
  last: number;
  offset: number;
}

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
export function packArena(blocks: readonly Block[]): number {
  const placed: Block[] = []; // by offset
  let total = 0;
  const bySize = [...blocks].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  for (const block of bySize) {
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
