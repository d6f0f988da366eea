/**
 * Installs the packed tarball into an empty project and tries it in every runtime: `npm run test:runtimes`. One line a cell, and at the
 * end how many passed. Names of groups run those alone, `--only <pattern>` the cells whose names match; `--all`
 * fails where a runtime is missing, `--report <file>` writes the counts as JSON.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Cell, type Cells, Installed, type Setting } from "./cell.js";
import { basics } from "./cells/basics.js";
import { commandLine } from "./cells/command-line.js";
import { errors } from "./cells/errors.js";
import { foreign } from "./cells/foreign.js";
import { hub } from "./cells/hub.js";
import { pages } from "./cells/pages.js";
import { resume } from "./cells/resume.js";
import { storage } from "./cells/storage.js";
import { sameBits } from "./cells/same-bits.js";
import { turbo } from "./cells/turbo.js";
import { vision } from "./cells/vision.js";
import { bundlers } from "./bundlers/cells.js";
import { installRuntimes } from "./install.js";
import { installPacked } from "./project.js";

/** In the order of the report. */
const groups: Record<string, Cells> = {
  basics,
  "same-bits": sameBits,
  errors,
  pages,
  foreign,
  vision,
  "command-line": commandLine,
  turbo,
  storage,
  resume,
  hub,
  bundlers,
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string", default: "" }, all: { type: "boolean" }, report: { type: "string" } },
});
const only = new RegExp(options.only, "i");
const root = resolve(import.meta.dirname, "../..");
let passed = 0;
let failed = 0;

async function run({ name, run }: Cell): Promise<void> {
  if (!only.test(name)) return;
  const start = performance.now();
  try {
    const said = await run();
    passed++;
    console.log(`pass  ${name}: ${said} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    fail(name, error);
  }
}

function fail(name: string, error: unknown): void {
  failed++;
  console.log(`FAIL  ${name}\n${error instanceof Error ? (error.stack ?? error.message) : error}`);
}

// A folder of the package's size is not left behind, nor are browsers: they end with this process.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
const found = await installRuntimes(join(root, "build/runtimes"));
for (const [{ name }] of [...found].filter(([, programs]) => programs.length === 0)) {
  if (options.all) fail(name, "not found on this machine");
  else console.log(`left out: ${name} (not found on this machine)`);
}
const project = await installPacked(root);
process.on("exit", project.remove);
const programs = [...found].flatMap(([runtime, programs]) => programs.map((program) => new Installed(runtime, program, project.folder)));
const setting: Setting = { project, programs };
for (const [name, cells] of Object.entries(groups)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  try {
    for await (const cell of cells(setting)) await run(cell);
  } catch (error) {
    fail(name, error);
  }
}

console.log(`runtimes: ${passed} passed, ${failed} failed`);
if (options.report) {
  mkdirSync(dirname(options.report), { recursive: true });
  writeFileSync(options.report, JSON.stringify({ passed, failed }));
}
process.exit(failed > 0 || passed === 0 ? 1 : 0);
