import { execFile } from "node:child_process";
import { join } from "node:path";

/** A bundler in its default configuration, with no more added than a user would. A file of this folder each. */
export interface Bundler {
  readonly name: string;
  /** From npm, with exact versions; the first is the bundler. */
  readonly packages: Readonly<Record<string, string>>;
  /** Builds the project of `pages/`. */
  build(project: string): Promise<Built>;
}

export interface Built {
  /** Warnings that a user would read, but for those that name nothing of Ocelli's and are known. */
  readonly warnings: readonly string[];
  /** Serves what was built. @param options.isolated whether threads share memory on its pages */
  serve(options: { isolated: boolean }): Promise<Site>;
}

export interface Site {
  /** Addresses of the page that runs the scenario, and of the one that does nothing but load a model and classify. */
  readonly scenario: string;
  readonly classify: string;
  /** Route handlers, which answer with the scenario's outcome: address and the threads that they should have worked with. */
  readonly routes: Readonly<Record<string, { readonly url: string; readonly threads: number }>>;
  close(): void;
}

/** Runs a program of the project's `node_modules` as a user would, at most two minutes. @throws with all that it said where it fails */
export function runTool(project: string, script: string, args: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    const env = { ...process.env, NO_COLOR: "1", NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
    execFile(
      process.execPath,
      [join(project, "node_modules", script), ...args],
      { cwd: project, env, maxBuffer: 2 ** 26, timeout: 120_000 },
      (error, stdout, stderr) => (error ? fail(new Error(`${script} failed\n${stdout}${stderr}`.slice(-4000))) : done(stdout + stderr)),
    );
  });
}

/** Lines that look like warnings. */
export function warningsIn(said: string, known: RegExp = /^$/): string[] {
  return said.split("\n").filter((line) => /warn|⚠|\(!\)|deprecat|\berror\b/i.test(line) && !known.test(line));
}
