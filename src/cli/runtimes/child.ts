import { type ChildProcess, spawn } from "node:child_process";
import { RuntimeError, type RunOptions } from "./runtime.js";

/** A program that was started, with all the processes that it starts. */
export interface Child {
  /** How it ended, as in "exit code 1". */
  readonly ended: Promise<string>;
  /** What it wrote so far. */
  output(): string;
  /** Resolves once its output has a text. */
  wrote(text: string): Promise<void>;
  complaints(): string;
  /** Ends it and what it started. Resolves when it is gone. */
  stop(): Promise<void>;
}

/** Ends with this process, should that end first. */
const running = new Set<ChildProcess>();

/** Starts a program. @param options.input written to its standard input */
export function start(
  path: string,
  args: readonly string[],
  { cwd, environment, input }: { cwd: string; environment?: Readonly<Record<string, string>>; input?: string },
): Child {
  // A group of its own where there are such, so that all of a browser's processes can be ended together.
  const child = spawn(path, args, { cwd, env: { ...process.env, ...environment }, detached: process.platform !== "win32", stdio: "pipe" });
  if (running.size === 0) process.on("exit", killAll);
  running.add(child);
  let output = "";
  let complaints = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaints = (complaints + text).slice(-20_000);
  });
  child.stdin.on("error", () => {}); // it ended before it read: `ended` says so
  child.stdin.end(input ?? "");
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === null ? `signal ${signal}` : `exit code ${code}`));
  });
  return {
    ended,
    output: () => output,
    wrote: (text) =>
      new Promise((resolve) => {
        const look = () => output.includes(text) && resolve();
        child.stdout.on("data", look);
        look();
      }),
    complaints: () => complaints,
    async stop() {
      kill(child);
      child.stdout.destroy();
      child.stderr.destroy();
      await ended;
      running.delete(child);
      if (running.size === 0) process.off("exit", killAll);
    },
  };
}

function killAll(): void {
  for (const child of running) kill(child);
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // it is gone
  }
}

/** `work`, unless time or patience end first. @throws {RuntimeError} with the complaint when the time is over, the signal's reason when it aborts */
export async function within<T>(work: Promise<T>, complaint: string, { timeout = 120_000, signal }: RunOptions): Promise<T> {
  signal?.throwIfAborted();
  let giveUp: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RuntimeError(`${complaint} within ${timeout / 1000} s`)), timeout);
    giveUp = () => reject(signal?.reason as Error);
    signal?.addEventListener("abort", giveUp);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    if (giveUp) signal?.removeEventListener("abort", giveUp);
  }
}
