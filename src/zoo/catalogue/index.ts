/** Every architecture by its torchvision or timm name. */
import type { Entry } from "./entry.js";
import { mobile } from "./mobile.js";
import { residual } from "./residual.js";
import { small } from "./small.js";

export const catalogue: ReadonlyMap<string, Entry> = new Map(Object.entries({ ...residual, ...mobile, ...small }));

/** Names that `architecture` knows, in alphabetical order. */
export function listModels(): string[] {
  return [...catalogue.keys()].sort();
}
