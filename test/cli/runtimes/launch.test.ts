import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { JobError, programAt, RuntimeError, type Runtime, type RunOptions, runtimes } from "../../../src/cli/runtimes/index.js";
import { projectOf } from "./project.js";

const node = runtimes.find(({ name }) => name === "Node") as Runtime;

/** Runs a module of this text in this Node. */
async function run(text: string, input?: unknown, options?: RunOptions): Promise<unknown> {
  const project = projectOf({ "package.json": { type: "module" }, "job.js": text });
  return node.run({ path: process.execPath, version: process.versions.node }, { project, module: "job.js", input }, options);
}

/** Whether a process is there: a zombie is not. */
const isAlive = (pid: number) => existsSync(`/proc/${pid}/status`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

describe("a job in Node", () => {
  it("is given its input and the project's address, and gives its value", async () => {
    const value = await run("export default async (input, { base }) => ({ ...input, file: new URL('a.txt', base).href, url: import.meta.url });", {
      text: 'quote " and </script> and \u2028',
      list: [1, null],
    });
    const { file, url, ...rest } = value as { file: string; url: string };
    expect(rest).toEqual({ text: 'quote " and </script> and \u2028', list: [1, null] });
    expect(url.replace("job.js", "a.txt")).toBe(file);
    expect(file.startsWith(pathToFileURL("/").href)).toBe(true);
  });

  it("may write to its output as it likes", async () => {
    expect(await run("export default async () => { process.stdout.write('no line break'); console.error('ouch'); return 'x'.repeat(200_000).length; };")).toBe(
      200_000,
    );
  });

  it("throws what it threw, by name, code and message", async () => {
    const error = (await run("export default async () => { throw Object.assign(new RangeError('too far'), { code: 'E_FAR' }); };").catch(
      (error) => error,
    )) as Error;
    expect(error).toBeInstanceOf(JobError);
    expect(error).toMatchObject({ name: "RangeError", message: "too far", code: "E_FAR" });
    expect(error.stack).toMatch(/job\.js/);
    await expect(run("export default async () => { throw undefined; };")).rejects.toMatchObject({ name: "Error", message: "undefined" });
    await expect(run("syntax error")).rejects.toMatchObject({ name: "SyntaxError" });
  });

  it("that ends the process is an error with what was said", async () => {
    const error = (await run("export default async () => { console.error('goodbye'); process.exit(3); };").catch((error) => error)) as Error;
    expect(error).toBeInstanceOf(RuntimeError);
    expect(error.message).toMatch(/^Node [\d.]+ ended without a result \(exit code 3\): goodbye$/);
  });

  it.skipIf(process.platform !== "linux")("is ended with all that it started when its time is over", async () => {
    const project = projectOf({
      "package.json": { type: "module" },
      "job.js": `import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
export default async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  writeFileSync(new URL("pids.json", import.meta.url), JSON.stringify([process.pid, child.pid]));
  for (;;);
};`,
    });
    const controller = new AbortController();
    const pids = join(project, "pids.json");
    const running = node.run({ path: process.execPath, version: "x" }, { project, module: "job.js" }, { signal: controller.signal });
    running.catch(() => {});
    while (!existsSync(pids) || readFileSync(pids, "utf8") === "") await new Promise((done) => setTimeout(done, 20));
    const started: number[] = JSON.parse(readFileSync(pids, "utf8"));
    expect(started.map(isAlive)).toEqual([true, true]);
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    for (let tries = 0; tries < 100 && started.some(isAlive); tries++) await new Promise((done) => setTimeout(done, 20));
    expect(started.map(isAlive)).toEqual([false, false]);
  });

  it("has a time limit, also where only the end is missing", async () => {
    await expect(run("export default () => new Promise(() => setInterval(() => {}, 1000));", 0, { timeout: 1000 })).rejects.toThrow(
      /gave no result within 1 s/,
    );
    await expect(run("export default async () => { setInterval(() => {}, 1000); return 1; };")).rejects.toThrow(/gave a result and did not end within 10 s/);
    await expect(run("export default async () => 1;", 0, { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
  });
});

describe("programs", () => {
  it("are found with their versions, this Node among them", async () => {
    const found = await node.find();
    expect(found.map(({ version }) => version)).toContain(process.versions.node);
    expect(new Set(found.map(({ version }) => version)).size).toBe(found.length);
  });

  it("that are none have no version", async () => {
    expect(await programAt("/no/such/program")).toBeUndefined();
  });
});
