import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ocelli } from "../run.js";

const folder = mkdtempSync(join(tmpdir(), "ocelli-bench-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder for temporary files of its own, and no programs but what stands in `node_modules/.bin`. */
function place(name: string, programs: Readonly<Record<string, string>> = {}): { cwd: string; environment: Record<string, string> } {
  const cwd = join(folder, name);
  const [bin, temporary] = [join(cwd, "node_modules/.bin"), join(cwd, "temporary")];
  for (const each of [bin, temporary]) mkdirSync(each, { recursive: true });
  for (const [program, script] of Object.entries(programs)) writeFileSync(join(bin, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const nowhere = { NODE: "", DENO: "", BUN: "", WORKERD: "", CHROMIUM: "", FIREFOX: "" };
  return { cwd, environment: { PATH: bin, HOME: cwd, TMPDIR: temporary, ...nowhere } };
}

const quick = ["bench", "small_cnn", "--batch", "2", "--threads", "1", "--rounds", "1", "--seconds", "0", "--no-bits"];

test("bench --runtimes measures what is found, and says why where it is missing or fails", async () => {
  const { cwd, environment } = place("all", { bun: `[ "$1" = --version ] && echo 9.9.9 && exit\necho no more memory >&2\nexit 3` });
  const args = [...quick, "--only", "node,bun,deno", "--json", "results.json", "--html", "results.html"];
  const { code, stdout, stderr } = await ocelli(args, cwd, environment);
  expect([code, stderr]).toEqual([0, ""]);
  const node = `Node ${process.versions.node}`;
  expect(stdout).toMatch(new RegExp(`^${node} +1 +(simd|relaxed) .* -$`, "m"));
  expect(stdout).toMatch(/^Bun 9\.9\.9 +Bun 9\.9\.9 ended without a result \(exit code 3\): no more memory$/m);
  expect(stdout).toMatch(/^Deno +not found on this machine$/m);
  const results = JSON.parse(readFileSync(join(cwd, "results.json"), "utf8"));
  expect(results).toMatchObject({ network: "small_cnn", imageSize: [28, 28], batch: 2, rounds: 1, rows: [{ runtime: "Node", threads: 1 }, {}, {}] });
  const { inference } = results.rows[0].figures;
  expect(inference.low).toBeGreaterThan(0);
  expect(inference).toEqual({ median: inference.low, low: inference.low, high: inference.low });
  expect(readFileSync(join(cwd, "results.html"), "utf8")).toContain("small_cnn in 1 JavaScript runtime<");
  expect(readdirSync(environment.TMPDIR)).toEqual([]);
});

test("Ctrl-C ends what runs and leaves nothing behind", async () => {
  const { cwd, environment } = place("stopped", {
    bun: `[ "$1" = --version ] && echo 9.9.9 && exit\necho $$ > pid.tmp && /bin/mv pid.tmp "$HOME/pid"\nexec /bin/sleep 60`,
  });
  const args = [...quick, "--only", "bun"];
  const child = spawn(process.execPath, [resolve("dist/cli/main.js"), ...args], { cwd, env: environment, stdio: "ignore" });
  const ended = once(child, "exit");
  while (!existsSync(join(cwd, "pid"))) await new Promise((done) => setTimeout(done, 50));
  child.kill("SIGINT");
  expect(await ended).toEqual([130, null]);
  expect(() => process.kill(Number(readFileSync(join(cwd, "pid"), "utf8")), 0)).toThrow("ESRCH");
  expect(readdirSync(environment.TMPDIR)).toEqual([]);
});

test("what cannot be meant is refused", async () => {
  const { cwd, environment } = place("refused");
  const cases: [args: string[], message: string][] = [
    [["bench", "--only", "nodejs"], 'bench: "nodejs" is no runtime; there are Node, Deno, Bun, workerd, Chromium, Firefox'],
    [["bench", "--json", "resnet20"], "expected a file that ends in .json, or nothing; to print JSON put --json last"],
    [["bench", "no_such_net", "--only", "node"], "no_such_net"],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await ocelli(args, cwd, environment);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  }
});
