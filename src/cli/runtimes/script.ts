import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { start, within } from "./child.js";
import { type Job, type Outcome, outcomeSource, RuntimeError, type RunOptions, settle } from "./runtime.js";

/** Runs a job by a program that takes an ES module from standard input. The process must end by itself. */
export async function runScript(name: string, path: string, args: readonly string[], job: Job, options: RunOptions): Promise<unknown> {
  const base = pathToFileURL(`${job.project}/`).href;
  const mark = `ocelli-${randomUUID()} `;
  const [address, input, context] = [new URL(job.module, base).href, job.input ?? null, { base }].map((value) => JSON.stringify(value));
  const source = `${outcomeSource}const outcome = await outcomeOf(() => import(${address}), ${input}, ${context});
console.log("\\n" + ${JSON.stringify(mark)} + JSON.stringify(outcome));
`;
  const child = start(path, args, { cwd: job.project, environment: options.environment, input: source });
  const outcome = () => child.output().split(`\n${mark}`)[1]?.split("\n")[0];
  try {
    const end = await within(child.ended, name, options).catch((error) => {
      throw outcome() ? new RuntimeError(`${name} gave a result and did not end`, { cause: error }) : error;
    });
    const text = outcome();
    if (text === undefined) throw new RuntimeError(`${name} ended without a result (${end}): ${(child.complaints() || child.output()).trim().slice(-2000)}`);
    return settle(JSON.parse(text) as Outcome);
  } finally {
    await child.stop();
  }
}
