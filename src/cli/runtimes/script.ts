import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { start, within } from "./child.js";
import { type Job, type Outcome, outcomeSource, RuntimeError, type RunOptions, settle } from "./runtime.js";

/** Milliseconds that a process has to end after its result. */
const lastWords = 10_000;

/** Runs a job by a program that takes an ES module from standard input. The process must end by itself. */
export async function runScript(name: string, path: string, args: readonly string[], job: Job, options: RunOptions): Promise<unknown> {
  const base = pathToFileURL(`${job.project}/`).href;
  const mark = `ocelli-${randomUUID()} `;
  const [address, input, context] = [new URL(job.module, base).href, job.input ?? null, { base }].map((value) => JSON.stringify(value));
  const source = `${outcomeSource}const outcome = await outcomeOf(() => import(${address}), ${input}, ${context});
console.log("\\n" + ${JSON.stringify(mark)} + JSON.stringify(outcome));
`;
  const child = start(path, args, { cwd: job.project, environment: options.environment, input: source });
  try {
    await within(Promise.race([child.wrote(mark), child.ended]), `${name} gave no result`, options);
    const end = await within(child.ended, `${name} gave a result and did not end`, { timeout: lastWords, signal: options.signal });
    const text = child.output().split(mark)[1]?.split("\n")[0];
    if (text === undefined) throw new RuntimeError(`${name} ended without a result (${end}): ${(child.complaints() || child.output()).trim().slice(-2000)}`);
    return settle(JSON.parse(text) as Outcome);
  } finally {
    await child.stop();
  }
}
