import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";

const command = resolve("dist/cli/main.js");
if (!existsSync(command)) throw new Error("dist/cli/main.js is missing: run npm run build");

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command to its end. @param environment beside this process' own */
export function ocelli(args: readonly string[], cwd: string, environment?: Readonly<Record<string, string>>): Promise<Finished> {
  return new Promise((done) => {
    execFile(process.execPath, [command, ...args], { cwd, env: { ...process.env, ...environment } }, (error, stdout, stderr) =>
      done({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

/** Starts the built command; `line` is told each line of its standard output. */
export function start(args: readonly string[], cwd: string, line: (text: string, child: ChildProcess) => void): Promise<Finished> {
  const child = spawn(process.execPath, [command, ...args], { cwd });
  let [stdout, stderr, rest] = ["", "", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop() as string;
    for (const each of lines) line(each, child);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((done) => child.on("close", (code) => done({ code: code ?? -1, stdout, stderr })));
}

/** Every line of a text as JSON. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** A folder with `tiny/{train,val}/<class>/*.png`, gone after the tests of this file. */
export function tinyFolder({ classes = ["bag", "sandal", "trouser"], train = 6, validation = 3 } = {}): string {
  const root = mkdtempSync(join(tmpdir(), "ocelli-cli-"));
  afterAll(() => rmSync(root, { recursive: true }));
  for (const [side, count] of Object.entries({ train, val: validation })) {
    for (const name of classes) {
      const [from, to] = [`examples/fashion/${side}/${name}`, join(root, "tiny", side, name)];
      mkdirSync(to, { recursive: true });
      for (const file of readdirSync(from).sort().slice(0, count)) cpSync(join(from, file), join(to, file));
    }
  }
  return root;
}
