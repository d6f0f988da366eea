/** Every architecture by its torchvision or timm name. */
import { attention } from "./attention.js";
import { convolutional } from "./convolutional.js";
import { efficient } from "./efficient.js";
import type { Entry } from "./entry.js";
import { mobile } from "./mobile.js";
import { regnets } from "./regnet.js";
import { reparameterizable } from "./reparameterizable.js";
import { residual } from "./residual.js";
import { small } from "./small.js";
import { tests } from "./tests.js";

const groups = [residual, regnets, convolutional, efficient, mobile, reparameterizable, attention, small, tests];
export const catalogue: ReadonlyMap<string, Entry> = new Map(groups.flatMap((entries) => Object.entries(entries)));

export interface ListOptions {
  /** What a name must be like: a pattern with `*` (any characters) and `?` (any one), as in timm, or a regular expression. Default: any name. */
  readonly filter?: string | RegExp;
  /** Whether to list those of which no published checkpoint has been run; `describeArchitecture` marks them. Default true. */
  readonly unverified?: boolean;
}

/** Names that `createModel` knows, in alphabetical order. */
export function listModels({ filter = "*", unverified = true }: ListOptions = {}): string[] {
  const pattern = typeof filter === "string" ? fromWildcards(filter) : filter;
  const entries = [...catalogue].filter(([name, entry]) => name.search(pattern) >= 0 && (unverified || !entry.unverified));
  return entries.map(([name]) => name).sort();
}

/** Up to ten names that begin as `name` does, as far as any does; those nearest in length first. */
export function namesLike(name: string): string[] {
  const names = listModels();
  for (let length = name.length; ; length--) {
    const alike = names.filter((known) => known.startsWith(name.slice(0, length)));
    const away = (known: string) => Math.abs(known.length - name.length);
    if (alike.length > 0) return alike.sort((a, b) => away(a) - away(b)).slice(0, 10);
  }
}

function fromWildcards(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*+/g, ".*").replaceAll("?", ".")}$`);
}
