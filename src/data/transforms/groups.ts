import type { Described, Transform } from "./definition.js";

export interface GroupParameters {
  transforms: readonly Transform[];
  p: number;
}

/** Steps that are several steps: all of them run, or with probability 1 - p none. */
export const groupNames = ["RandomApply", "Compose"] as const;

export function isGroup(transform: Transform): transform is Described<GroupParameters> {
  return (groupNames as readonly string[]).includes(transform.name);
}
