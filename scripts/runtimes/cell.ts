import type { Program, RunOptions, Runtime } from "../../src/cli/runtimes/index.js";
import type { Project } from "./project.js";

/** Milliseconds until a job is given up: jobs take seconds, but a machine may have more to do. */
const patience = 300_000;

/** One thing that must hold: a line of the report. */
export interface Cell {
  readonly name: string;
  /** @returns what there is to say @throws what does not hold */
  run(): Promise<string>;
}

/** A program of a runtime, with the project to run jobs in. */
export class Installed {
  constructor(
    readonly runtime: Runtime,
    readonly program: Program,
    private readonly project: string,
  ) {}

  /** As in "Node 22.23.3". */
  get name(): string {
    return `${this.runtime.name} ${this.program.version}`;
  }

  /** Runs a module of the project. */
  run(module: string, input?: unknown, options?: RunOptions): Promise<unknown> {
    return this.runtime.run(this.program, { project: this.project, module, input }, { timeout: patience, ...options });
  }
}

export interface Setting {
  /** An empty project with the packed package, `jobs/` and, where there are assets, `assets/`. */
  readonly project: Project;
  readonly programs: readonly Installed[];
}

/** Cells of one kind, made one after another, so that what they share can be set up before and taken down after them. */
export type Cells = (setting: Setting) => Iterable<Cell> | AsyncIterable<Cell>;

/** @throws saying what came instead */
export function expectEqual(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${what}: expected ${b}, got ${a}`);
}
