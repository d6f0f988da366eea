import { FormatError } from "../core/errors.js";
import { formatShape, sameShape, type Shape } from "../core/shape.js";
import { type Graph, isCheckpointed } from "../graph/graph.js";

/** What is to be read from a checkpoint, and what starts anew. */
export interface StateDictMatch {
  /** Names to read into parameters and buffers. */
  readonly load: readonly string[];
  /** Parameters of a head for other classes: to be initialised. */
  readonly fresh: readonly string[];
  /** `num_batches_tracked` of each batch norm that the checkpoint counts for (int64, shape [] or [1]). */
  readonly counters: readonly string[];
}

/** Names and checkpoint shapes of all parameters and buffers of a network. */
export function stateDictShapes(graph: Graph): Map<string, Shape> {
  const kept = [...graph.kept.values()].filter(isCheckpointed);
  return new Map(kept.map((value) => [value.name, value.file?.shape ?? value.shape]));
}

/** Names of the counters that PyTorch keeps beside running statistics: int64 scalars that only files have. */
export function counterNames(names: Iterable<string>): string[] {
  return [...names].filter((name) => name.endsWith(".running_mean")).map((name) => name.replace(/running_mean$/, "num_batches_tracked"));
}

/**
 * Compares a network's tensors with a checkpoint's, both by name and checkpoint shape.
 *
 * @param options.network what the message calls the network
 * @param options.replaceHead names that may be missing or of another shape (`architecture.classifier`); default none
 * @param options.unused names that the checkpoint may have besides (`architecture.unused`); default none
 * @throws {FormatError} listing missing, unexpected and mis-shaped tensors: the first five of each, with both shapes, and their counts
 */
export function matchStateDict(
  expected: ReadonlyMap<string, Shape>,
  found: ReadonlyMap<string, Shape>,
  { network = "the network", replaceHead = [], unused }: { network?: string; replaceHead?: readonly string[]; unused?: RegExp } = {},
): StateDictMatch {
  const replaceable = new Set(replaceHead);
  const fits = (name: string) => sameShape(expected.get(name) ?? [], found.get(name) ?? []);
  const known = [...expected.keys()].filter((name) => found.has(name));
  const fresh = [...expected.keys()].filter((name) => replaceable.has(name) && !(found.has(name) && fits(name)));
  const counters = counterNames(expected.keys()).filter((name) => found.has(name));
  const allowed = new Set([...expected.keys(), ...counters, ...replaceable]);

  const problems = [
    list(
      "missing",
      [...expected.keys()].filter((name) => !found.has(name) && !replaceable.has(name)),
      (name) => `${name} ${formatShape(expected.get(name) ?? [])}`,
    ),
    list(
      "unexpected",
      [...found.keys()].filter((name) => !allowed.has(name) && !unused?.test(name)),
      (name) => `${name} ${formatShape(found.get(name) ?? [])}`,
    ),
    list(
      "of another shape",
      known.filter((name) => !fits(name) && !replaceable.has(name)),
      (name) => `${name} expected ${formatShape(expected.get(name) ?? [])}, found ${formatShape(found.get(name) ?? [])}`,
    ),
  ].filter((line) => line !== "");
  if (problems.length > 0) throw new FormatError(`state_dict does not fit ${network}: ${problems.join("; ")}`);
  return { load: known.filter((name) => !fresh.includes(name)), fresh, counters };
}

function list(what: string, names: readonly string[], describe: (name: string) => string): string {
  if (names.length === 0) return "";
  const shown = names.slice(0, 5).map(describe).join(", ");
  return `${names.length} ${what}: ${shown}${names.length > 5 ? ", ..." : ""}`;
}

/**
 * Whether every batch norm of a checkpoint passes its input through: running mean 0 and variance 1. Such norms were
 * folded into the convolutions and must stay frozen: with batch statistics they would rescale every layer.
 * A network that never trained looks the same, so ask about loaded checkpoints only.
 *
 * @param statistics `running_mean` and `running_var` tensors by name; other names are ignored
 */
export function hasIdentityNorms(statistics: Iterable<readonly [name: string, values: ArrayLike<number>]>): boolean {
  let norms = 0;
  for (const [name, values] of statistics) {
    const identity = name.endsWith(".running_mean") ? 0 : name.endsWith(".running_var") ? 1 : undefined;
    if (identity === undefined) continue;
    for (let i = 0; i < values.length; i++) if (values[i] !== identity) return false;
    norms++;
  }
  return norms > 0;
}
