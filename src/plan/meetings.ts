import type { Slices } from "../core/slices.js";

/** Bytes that a call may touch: of the arena, or of a kept or derived tensor, whose name is the region. */
export interface Access {
  readonly region: string;
  readonly from: number;
  readonly to: number;
  readonly writes: boolean;
  /** Bytes from one thread's part to the next; 0: all threads use all of it. */
  readonly stride: number;
}

/**
 * Before which calls the threads have to meet: where a call touches bytes that one since the last meeting writes, or writes
 * bytes that one of them touches. A thread's own part of a workspace stays its own.
 */
export function* meetings(calls: Iterable<readonly Access[]>): Slices<boolean[]> {
  let since: Access[] = [];
  const meets: boolean[] = [];
  for (const accesses of calls) {
    yield;
    const meet = accesses.some((access) => since.some((earlier) => collide(access, earlier)));
    since = meet ? [...accesses] : [...since, ...accesses];
    meets.push(meet);
  }
  return meets;
}

function collide(a: Access, b: Access): boolean {
  if (!(a.writes || b.writes) || a.region !== b.region || a.to <= b.from || b.to <= a.from) return false;
  return a.stride === 0 || a.stride !== b.stride || a.from !== b.from;
}
