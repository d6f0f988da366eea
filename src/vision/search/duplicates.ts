import { giveWay } from "../../core/slices.js";
import { cosine, type Direction, dot } from "./cosine.js";

/** Images that are one and the same picture, resized, recompressed or slightly changed. */
export interface DuplicateGroup {
  /** In the order in which they were added: the first one is the one to keep. */
  readonly ids: string[];
  /** The smallest cosine that makes two of them one. */
  readonly similarity: number;
}

export interface DuplicateOptions {
  /** Cosine from which two images count as one picture, above 0; default 0.9. docs/vision.md says what it finds and what it mistakes. */
  readonly threshold?: number;
  readonly signal?: AbortSignal;
  /** Told the images that have been compared with all before them, and how many there are. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Parts of an embedding after which a pair is given up that cannot be alike any more. */
const parts = 8;

/** An embedding, and the length of what is left of it after each part. */
interface Prepared extends Direction {
  readonly rest: Float64Array;
}

/**
 * Groups of entries that are linked by pairs of at least the threshold's cosine. All pairs are compared, but most only in part: by Cauchy and
 * Schwarz the products to come cannot exceed the product of the remaining lengths.
 */
export async function duplicateGroups(
  entries: readonly (readonly [id: string, direction: Direction])[],
  threshold: number,
  { signal, onProgress }: DuplicateOptions,
): Promise<DuplicateGroup[]> {
  const prepared = entries.map(([, direction]) => withRests(direction));
  const groups = new Groups(entries.length);
  for (let i = 0; i < entries.length; i++) {
    for (let j = 0; j < i; j++) {
      if (reaches(prepared[i], prepared[j], threshold)) groups.join(i, j, cosine(prepared[i], prepared[j]));
      if (j % 256 === 255) await giveWay(signal);
    }
    await giveWay(signal);
    onProgress?.(i + 1, entries.length);
  }
  return groups.list().map(({ members, least }) => ({ ids: members.map((at) => entries[at][0]), similarity: least }));
}

function withRests({ values, norm }: Direction): Prepared {
  const rest = new Float64Array(parts + 1);
  for (let part = parts - 1, sum = 0; part >= 0; part--) {
    sum += dot(values, values, edge(part, values.length), edge(part + 1, values.length));
    rest[part] = Math.sqrt(sum);
  }
  return { values, norm, rest };
}

const edge = (part: number, length: number) => Math.floor((part * length) / parts);
/** More than rounding can take from a bound. */
const slack = 1e-9;

function reaches(a: Prepared, b: Prepared, threshold: number): boolean {
  const { length } = a.values;
  const least = (threshold - slack) * a.norm * b.norm;
  let sum = 0;
  for (let part = 0; part < parts; part++) {
    sum += dot(a.values, b.values, edge(part, length), edge(part + 1, length));
    if (sum + a.rest[part + 1] * b.rest[part + 1] < least) return false;
  }
  return cosine(a, b) >= threshold;
}

/** Sets of positions that grow together (union by the smaller position). */
class Groups {
  private readonly parents: Int32Array;
  private readonly least = new Map<number, number>();

  constructor(count: number) {
    this.parents = Int32Array.from({ length: count }, (_, i) => i);
  }

  join(a: number, b: number, similarity: number): void {
    const [first, second] = [this.rootOf(a), this.rootOf(b)];
    const root = Math.min(first, second);
    this.parents[Math.max(first, second)] = root;
    this.least.set(root, Math.min(similarity, this.least.get(first) ?? 1, this.least.get(second) ?? 1));
  }

  /** Groups of two and more, by their first member. */
  list(): { members: number[]; least: number }[] {
    const members = new Map<number, number[]>();
    this.parents.forEach((_, at) => {
      const root = this.rootOf(at);
      members.set(root, [...(members.get(root) ?? []), at]);
    });
    return [...members].filter(([, all]) => all.length > 1).map(([root, all]) => ({ members: all, least: this.least.get(root) as number }));
  }

  private rootOf(at: number): number {
    let root = at;
    while (this.parents[root] !== root) root = this.parents[root];
    return root;
  }
}
