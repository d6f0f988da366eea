import { Random } from "../../src/core/random.js";
import { FormatError, LimitError, UnsupportedOpError } from "../../src/core/errors.js";
import { mutate } from "./mutate.js";

/** A reader of strangers' files. */
export interface Target {
  readonly name: string;
  /** Small files that it takes, whole: what is broken starts from them. */
  readonly files: readonly Uint8Array[];
  /** A file that is well-formed but says something else: numbers, names and connections changed at random. Half of all cases where there is one. */
  vary?(random: Random): Uint8Array;
  /** Reads a file as far as a user's call would, and computes nothing. */
  read(bytes: Uint8Array): unknown;
}

export interface Finding {
  readonly target: string;
  /** With which `fileOf` makes the file again. */
  readonly seed: number;
  readonly problem: string;
}

export interface Outcome {
  readonly cases: number;
  /** Files that were taken, broken as they were, and those that were refused, by the error's name. */
  readonly counts: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
  readonly slowest: { readonly seed: number; readonly milliseconds: number };
  /** The most bytes that the process grew by after the first thousand cases. */
  readonly growth: number;
}

/** What a reader may throw at a broken file. */
const expected = [FormatError, LimitError, UnsupportedOpError];
const mostMilliseconds = 1000;
const mostGrowth = 256 * 2 ** 20;
const warmUp = 1000;

/** The broken file of a seed. */
export function fileOf({ files, vary }: Target, seed: number): Uint8Array {
  const random = new Random(seed, 0xf022);
  if (vary && seed % 2 === 1) return vary(random);
  return mutate(files[random.integer(files.length)], random, files);
}

/** Reads `cases` broken files, of seeds from..from + cases: each may be taken or refused by an error made for that, within a second. */
export async function fuzz(target: Target, cases: number, from = 0): Promise<Outcome> {
  for (const file of target.files) await target.read(file); // they must be whole
  const counts = new Map<string, number>();
  const findings: Finding[] = [];
  let slowest = { seed: -1, milliseconds: 0 };
  let growth = 0;
  let base = 0;
  for (let seed = from; seed < from + cases; seed++) {
    const bytes = fileOf(target, seed);
    const timed = async () => {
      const [start, work] = [performance.now(), process.cpuUsage()];
      const problem = await attempt(target, bytes, counts);
      const { user, system } = process.cpuUsage(work);
      // On a machine with other work much of the time is not ours.
      return { problem, milliseconds: Math.min(performance.now() - start, (user + system) / 1000) };
    };
    let { problem, milliseconds } = await timed();
    // A machine with other work stops us now and then: what is slow by itself is slow again.
    if (milliseconds > mostMilliseconds) milliseconds = Math.min(milliseconds, (await timed()).milliseconds);
    if (milliseconds > slowest.milliseconds) slowest = { seed, milliseconds };
    if (problem) findings.push({ target: target.name, seed, problem });
    else if (milliseconds > mostMilliseconds) findings.push({ target: target.name, seed, problem: `took ${Math.round(milliseconds)} ms` });
    if (seed === from + Math.min(warmUp, cases) - 1) base = process.memoryUsage.rss();
    if (base > 0 && seed % 500 === 0) growth = Math.max(growth, process.memoryUsage.rss() - base);
  }
  if (growth > mostGrowth) findings.push({ target: target.name, seed: -1, problem: `the process grew by ${Math.round(growth / 2 ** 20)} MB` });
  return { cases, counts, findings, slowest, growth };
}

async function attempt(target: Target, bytes: Uint8Array, counts: Map<string, number>): Promise<string | undefined> {
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  try {
    await target.read(bytes);
    count("taken");
    return undefined;
  } catch (error) {
    const known = expected.find((kind) => error instanceof kind);
    count(known?.name ?? "other");
    return known ? undefined : `${(error as Error)?.stack ?? error}`.split("\n").slice(0, 4).join(" | ");
  }
}
