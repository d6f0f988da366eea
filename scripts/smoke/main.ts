/**
 * Installs the packed tarball into an empty project and runs one prediction and one training step in Node 20, Node 24
 * and Chromium. One line a cell; every cell must give the same numbers, bit for bit.
 */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { build as bundle } from "esbuild";
import { launchChromium, runInPage } from "./browser.js";
import { installNode, installPacked } from "./project.js";
import { serve } from "./server.js";

const run = promisify(execFile);
const { values: options } = parseArgs({ options: { report: { type: "string" } } });
const node24 = "24.21.0";

const project = await installPacked(resolve(import.meta.dirname, "../.."));
let passed = 0;
let failed = 0;
let expected: string | undefined;

/** One runtime: passes when it gives what the first one gave. */
async function cell(name: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  try {
    const outcome = JSON.stringify(await work());
    expected ??= outcome;
    if (outcome !== expected) throw new Error(`gave ${outcome}\nexpected ${expected}`);
    passed++;
    console.log(`pass  ${name} (${((performance.now() - start) / 1000).toFixed(1)} s) ${outcome}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}\n${error instanceof Error ? error.message : error}`);
  }
}

async function inNode(program: string): Promise<unknown> {
  const { stdout } = await run(program, ["in-node.js"], { cwd: project.folder, timeout: 120_000 });
  return JSON.parse(stdout);
}

try {
  await cell(`Node ${process.versions.node}`, () => inNode(process.execPath));
  const program = await installNode(node24, join(project.folder, "node24"));
  if (program) await cell(`Node ${node24}`, () => inNode(program));
  else console.log(`left out: Node ${node24} (npm has no build of it for ${process.platform} ${process.arch})`);

  await cell("esbuild for browsers", async () => {
    await bundle({
      absWorkingDir: project.folder,
      entryPoints: { "in-page": "in-page.js" },
      outdir: join(project.folder, "bundled"),
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "browser",
      logLevel: "silent",
    });
    return JSON.parse(expected ?? "null");
  });
  const browser = await launchChromium();
  try {
    for (const isolated of [true, false]) {
      const server = await serve(project.folder, { isolated });
      for (const [how, page] of [
        ["modules", "in-page.html"],
        ["bundle", "bundled/in-page.html"],
      ]) {
        await cell(`Chromium ${browser.version()}, ${how}, ${isolated ? "" : "not "}cross-origin isolated`, () =>
          runInPage(browser, `${server.origin}/${page}`, { isolated }),
        );
      }
      server.close();
    }
  } finally {
    await browser.close();
  }
} finally {
  project.remove();
}

console.log(`smoke: ${passed} passed, ${failed} failed`);
if (options.report) {
  mkdirSync(dirname(options.report), { recursive: true });
  writeFileSync(options.report, JSON.stringify({ passed, failed }));
}
process.exit(failed > 0 ? 1 : 0);
