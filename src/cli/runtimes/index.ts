import { bun } from "./bun.js";
import { chromium } from "./chromium.js";
import { deno } from "./deno.js";
import { firefox } from "./firefox.js";
import { node } from "./node.js";
import type { Runtime } from "./runtime.js";
import { workerd } from "./workerd.js";

export { type Job, type JobContext, JobError, type Program, RuntimeError, type RunOptions, type Runtime } from "./runtime.js";
export { programAt } from "./find-programs.js";

/** Every runtime that jobs can be run in. */
export const runtimes: readonly Runtime[] = [node, deno, bun, workerd, chromium, firefox];
