import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";
import { ArgumentError, type BuildChoice, describeArchitecture } from "../../index.js";
import { type Program, type Runtime, RuntimeError, runtimes } from "../runtimes/index.js";
import { labels, pictures } from "./pictures.js";
import { jobs, makeProject } from "./project.js";
import { type Machine, type Results, type Row, rowOf } from "./results.js";
import { type Bits, type BitsInput, bitsProgram } from "./same-bits.js";
import type { Speed, SpeedInput } from "./speed.js";

export interface RuntimesOptions {
  readonly network: string;
  /** Side of the images in pixels; default the architecture's. */
  readonly imageSize?: number;
  readonly batch: number;
  readonly threads?: number;
  readonly build?: BuildChoice;
  readonly rounds: number;
  /** For which each kind of work is repeated in a round. */
  readonly seconds: number;
  /** Beginnings of names, such as `node` and `deno 2.9`; default all. */
  readonly only?: readonly string[];
  /** Whether to train 200 steps in each, for the bits. */
  readonly bits: boolean;
  readonly signal?: AbortSignal;
  /** Told what is run, and which share of all is done. */
  readonly onProgress?: (work: string, share: number, name: string) => void;
}

/** Milliseconds until a job is given up. */
const patience = 900_000;

/** A program that takes part, with what it has given so far. */
interface Contestant {
  readonly runtime: Runtime;
  readonly program: Program;
  readonly speeds: Speed[];
  sha256?: string;
  failure?: string;
}

/**
 * Measures every runtime that is found on this machine, taking turns round by round, each time in a fresh process.
 *
 * @returns a row for each, which says why where one is missing or fails
 * @throws {ArgumentError} for names that no runtime has, and networks that are none; the signal's reason
 */
export async function benchRuntimes(options: RuntimesOptions): Promise<Results> {
  const { network, batch, threads, build, rounds, seconds, signal, onProgress } = options;
  const date = new Date().toISOString();
  const [, height, width] = (await describeArchitecture(network)).inputShape;
  const { contestants, missing } = await findContestants(options.only ?? []);
  const project = makeProject();
  let done = 0;
  const steps = contestants.length * (rounds + (options.bits ? 1 : 0));
  /** A job in a contestant, unless it has failed before. */
  const run = async (contestant: Contestant, work: string, job: { module: string; input: BitsInput | SpeedInput }) => {
    const { runtime, program } = contestant;
    onProgress?.(work, done++ / steps, `${runtime.name} ${program.version}`);
    signal?.throwIfAborted();
    if (contestant.failure !== undefined) return undefined;
    try {
      return await runtime.run(program, { project: project.folder, ...job }, { timeout: patience, signal });
    } catch (error) {
      signal?.throwIfAborted();
      contestant.failure = reasonOf(error);
    }
  };
  try {
    if (options.bits && contestants.length > 0) {
      const images = await pictures(bitsProgram.pictures);
      for (const contestant of contestants) {
        const input: BitsInput = { pictures: images, labels, epochs: bitsProgram.epochs, threads };
        const bits = (await run(contestant, "200 training steps", { module: jobs.bits, input })) as Bits | undefined;
        contestant.sha256 = bits?.sha256;
      }
    }
    const input: SpeedInput = { network, imageSize: options.imageSize, batch, threads, build, milliseconds: seconds * 1000 };
    for (let round = 0; round < rounds; round++) {
      // Each round begins with another, so that none always comes after the same.
      const first = round % Math.max(1, contestants.length);
      for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
        const speed = (await run(contestant, `round ${round + 1} of ${rounds}`, { module: jobs.speed, input })) as Speed | undefined;
        if (speed) contestant.speeds.push(speed);
      }
    }
  } finally {
    project.remove();
  }
  const rows = contestants.map((contestant): Row => {
    const { runtime, program, speeds, sha256, failure } = contestant;
    const name = { runtime: runtime.name, version: program.version };
    return failure === undefined ? rowOf(name, speeds, sha256) : { ...name, failure };
  });
  return {
    ocelli: project.version,
    date,
    machine: thisMachine(),
    network,
    imageSize: options.imageSize ? [options.imageSize, options.imageSize] : [height, width],
    batch,
    rounds,
    seconds,
    rows: [...rows, ...missing.map(({ name }): Row => ({ runtime: name, failure: "not found on this machine" }))],
  };
}

async function findContestants(only: readonly string[]): Promise<{ contestants: Contestant[]; missing: Runtime[] }> {
  const asked = only.map((name) => name.toLowerCase());
  /** Whether a name is that of a runtime, with or without the beginning of a version. */
  const names = ({ name }: Runtime, text: string) => `${text} `.startsWith(`${name.toLowerCase()} `);
  const unknown = asked.find((text) => !runtimes.some((runtime) => names(runtime, text)));
  if (unknown !== undefined)
    throw new ArgumentError(`bench: ${JSON.stringify(unknown)} is no runtime; there are ${runtimes.map(({ name }) => name).join(", ")}`);
  const contestants: Contestant[] = [];
  const missing: Runtime[] = [];
  for (const runtime of runtimes) {
    const wanted = asked.filter((text) => names(runtime, text));
    if (asked.length > 0 && wanted.length === 0) continue;
    const found = (await runtime.find([process.cwd()])).filter(
      ({ version }) => wanted.length === 0 || wanted.some((text) => `${runtime.name} ${version}`.toLowerCase().startsWith(text)),
    );
    if (found.length === 0) missing.push(runtime);
    for (const program of found) contestants.push({ runtime, program, speeds: [] });
  }
  return { contestants, missing };
}

/** One line of what went wrong. */
function reasonOf(error: unknown): string {
  const { name, message } = error as Error;
  const [line] = message.trim().split("\n");
  return error instanceof RuntimeError ? line : `${name}: ${line}`;
}

function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || "unknown processor",
    cores: availableParallelism(),
    memory: totalmem(),
    system: `${type()} ${release()} ${arch()}`,
  };
}
