import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, within } from "./child.js";
import { type Outcome, RuntimeError, type RunOptions, settle } from "./runtime.js";
import { posted, type Route, serve } from "./serve.js";

/** Where a job's outcome is posted to. */
export const outcomePath = "/ocelli-job/outcome";

export interface Reporting {
  /** The project's folder. */
  readonly served: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly routes?: Readonly<Record<string, Route>>;
  /** Starts the program. @param origin where it finds the project @param folder for whatever it needs: an empty one, or that of `profile` */
  start(origin: string, folder: string): Promise<Child>;
}

/** Runs a job by a program that finds the project at a server on this machine and posts the outcome there. */
export async function runReporting(name: string, { served, headers, routes, start }: Reporting, options: RunOptions): Promise<unknown> {
  let report: (outcome: Outcome) => void = () => {};
  const outcome = new Promise<Outcome>((resolve) => {
    report = resolve;
  });
  const server = await serve(served, {
    headers,
    port: options.port,
    routes: { ...routes, [outcomePath]: posted((body) => report(JSON.parse(body) as Outcome)) },
  });
  const folder = options.profile ?? (await mkdtemp(join(tmpdir(), "ocelli-job-")));
  let child: Child | undefined;
  try {
    child = await start(server.origin, folder);
    const { ended, complaints } = child;
    const gone = ended.then((end): never => {
      throw new RuntimeError(`${name} ended without a result (${end}): ${complaints().trim().slice(-2000)}`);
    });
    gone.catch(() => {}); // after the result it is meant to end
    return settle(await within(Promise.race([outcome, gone]), `${name} gave no result`, options));
  } finally {
    await child?.stop();
    await server.close();
    if (options.profile === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
