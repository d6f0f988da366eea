import { expectedBits } from "./same-bits.js";
import { type Kind, kinds, median, type Speed } from "./speed.js";

/** Images per second: the median of the rounds, their least and their most. */
export interface Figure {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** What came out for one program of a runtime, or why nothing did. */
export interface Row {
  /** As in "Node". */
  readonly runtime: string;
  readonly version?: string;
  /** Threads that were used. */
  readonly threads?: number;
  /** Kernels of inference and embedding. */
  readonly build?: string;
  readonly figures?: Readonly<Record<Kind, Figure>>;
  /** Whether 200 training steps gave the weights that this release gives, to the bit; without `sha256` it was not asked. */
  readonly sameBits?: boolean;
  readonly sha256?: string;
  /** Why there are no figures. */
  readonly failure?: string;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Bytes of memory. */
  readonly memory: number;
  /** Name, version and architecture of the system. */
  readonly system: string;
}

/** Everything that a stranger needs to compare: what was measured where, how, and what came out. */
export interface Results {
  readonly ocelli: string;
  /** When it began, in ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly network: string;
  /** Of the images, in pixels. */
  readonly imageSize: readonly [height: number, width: number];
  readonly batch: number;
  readonly rounds: number;
  /** For which each kind of work was repeated in a round. */
  readonly seconds: number;
  readonly rows: readonly Row[];
}

/** @param rounds what each round measured; at least one @param sha256 of the weights after 200 steps, where they were trained */
export function rowOf(name: { readonly runtime: string; readonly version: string }, rounds: readonly Speed[], sha256?: string): Row {
  const [{ threads, build }] = rounds;
  const figure = (kind: Kind): Figure => {
    const values = rounds.map((round) => round[kind]);
    return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
  };
  const figures = Object.fromEntries(kinds.map((kind) => [kind, figure(kind)])) as Record<Kind, Figure>;
  return { ...name, threads, build, figures, ...(sha256 && { sha256, sameBits: sha256 === expectedBits }) };
}

/** As in "Node 24.21.0". */
export function nameOf({ runtime, version }: Row): string {
  return version ? `${runtime} ${version}` : runtime;
}

/** Three digits, or as many as there are before the point. */
export function threeDigits(value: number): string {
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return value.toFixed(digits);
}

/** As in "AMD EPYC 9B45, 2 cores, 8 GB, Linux 6.1.0 x64". */
export function machineLine({ cpu, cores, memory, system }: Machine): string {
  return `${cpu}, ${cores} core${cores > 1 ? "s" : ""}, ${Math.round(memory / 2 ** 30)} GB, ${system}`;
}
