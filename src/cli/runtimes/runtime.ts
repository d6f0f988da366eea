import { OcelliError } from "../../index.js";

/** Something to run in any runtime: a module's default export, called as `(input, { base })` in a project that has Ocelli installed. */
export interface Job {
  /** Folder with the module and a `node_modules`. */
  readonly project: string;
  /** The module's path in it, with `/`. */
  readonly module: string;
  /** Given to the function, as JSON. */
  readonly input?: unknown;
}

/** What a job's function is told besides its input. */
export interface JobContext {
  /** Address of the project's folder, for `new URL("images/cat.jpg", base)`: a `file:` URL where there is a file system, else one of HTTP. */
  readonly base: string;
}

export interface RunOptions {
  /** Milliseconds until the job is given up (default two minutes). */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** Of the runtime itself; for workerd V8's. */
  readonly flags?: readonly string[];
  /** Variables beside this process' own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Browsers: whether the page is cross-origin isolated, so that threads share memory (default true). */
  readonly isolated?: boolean;
  /** Browsers: headers of every answer, such as a Content-Security-Policy; the import map of the page has the nonce `ocelli`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Browsers: folder of a profile, which stays (default a new one for each run). What it keeps for pages is theirs again at the same `port`. */
  readonly profile?: string;
  /** Browsers: where the page is served (default any free port). */
  readonly port?: number;
  /** Firefox: as in `about:config`. */
  readonly preferences?: Readonly<Record<string, string | number | boolean>>;
}

/** A program that runs jobs, as found on this machine. */
export interface Program {
  readonly path: string;
  readonly version: string;
}

/** A JavaScript runtime. A file of this folder each; `index.ts` lists them. */
export interface Runtime {
  readonly name: string;
  /** Whether it has threads, of which a page needs isolation for more than one. */
  readonly threads: boolean;
  /** Its programs, the first of each version. @param projects folders whose `node_modules/.bin` is searched too */
  find(projects?: readonly string[]): Promise<Program[]>;
  /**
   * Runs a job in a fresh process, of which nothing is left when this settles but a `profile` that was named.
   *
   * @returns what the function returned, through JSON
   * @throws {JobError} what the function threw, {RuntimeError} where it did not get as far
   */
  run(program: Program, job: Job, options?: RunOptions): Promise<unknown>;
}

/** What a job threw: name, message, code and stack as they were there. */
export class JobError extends Error {
  readonly code?: string;
  constructor({ name, message, code, stack }: Thrown) {
    super(message);
    this.name = name;
    if (code !== undefined) this.code = code;
    if (stack) this.stack = stack;
  }
}

/** A runtime did not start, did not answer in time, or ended without a result. */
export class RuntimeError extends OcelliError {
  override readonly name = "RuntimeError";
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_RUNTIME", message, options);
  }
}

interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

/** How a job ended, as it comes out of a runtime. */
export type Outcome = { readonly value?: unknown } | { readonly error: Thrown };

/** JavaScript of `outcomeOf(load, input, context)`, which every runtime's own code begins with: it gives an `Outcome`. */
export const outcomeSource = `const thrown = (error) => ({ error: { name: String(error?.name ?? "Error"), message: String(error?.message ?? error), code: error?.code, stack: error?.stack } });
const outcomeOf = (load, input, context) => load().then((module) => module.default(input, context)).then((value) => ({ value }), thrown);
`;

/** @throws {JobError} where the job threw */
export function settle(outcome: Outcome): unknown {
  if ("error" in outcome) throw new JobError(outcome.error);
  return outcome.value;
}
