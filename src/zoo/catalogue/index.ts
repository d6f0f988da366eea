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

/** The name that `createModel` knows with the fewest characters to change, whatever their case. */
export function nearestModel(name: string): string {
  const asked = name.slice(0, 100).toLowerCase();
  const names = listModels().map((known) => ({ known, away: editDistance(asked, known.toLowerCase()) }));
  return names.sort((a, b) => a.away - b.away)[0].known;
}

/** How many characters must be put in, left out or replaced. @see Levenshtein 1966 */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const character of from) {
    const next = [row[0] + 1];
    for (let i = 0; i < to.length; i++) next.push(Math.min(row[i] + Number(character !== to[i]), row[i + 1] + 1, next[i] + 1));
    row = next;
  }
  return row[to.length];
}

function fromWildcards(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*+/g, ".*").replaceAll("?", ".")}$`);
}
