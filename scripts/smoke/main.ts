/**
 * Installs the packed tarball into an empty project and runs one prediction and one training step in Node 20, Node 24
 * and Chromium. One line a cell; every cell must give the same numbers, bit for bit.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { build as bundle } from "esbuild";
import { launchChromium, runInPage } from "./browser.js";
import { installNode, installPacked } from "./project.js";
import { serve } from "./server.js";

const run = promisify(execFile);
const { values: options } = parseArgs({ options: { report: { type: "string" } } });
const node24 = "24.21.0";

const root = resolve(import.meta.dirname, "../..");
const project = await installPacked(root);
let passed = 0;
let failed = 0;
let expected: string | undefined;

/** Runs `work`, counts it and says in one line how it went. */
async function cell(name: string, work: () => Promise<string>): Promise<void> {
  const start = performance.now();
  try {
    const said = await work();
    passed++;
    console.log(`pass  ${name}: ${said} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}\n${error instanceof Error ? error.message : error}`);
  }
}

/** Judges what the scenario gave: it worked with so many threads, and its numbers are those of the first runtime. */
function judge(outcome: unknown, threads: number): string {
  const { same, threads: used } = outcome as { same: unknown; threads: number };
  const numbers = JSON.stringify(same);
  expected ??= numbers;
  if (numbers !== expected) throw new Error(`gave ${numbers}, expected ${expected}`);
  if (used !== threads) throw new Error(`worked with ${used} threads, expected ${threads}`);
  return `${threads} threads, ${numbers}`;
}

async function inFolder(program: string, script: string): Promise<string> {
  const { stdout } = await run(program, [script], { cwd: project.folder, timeout: 120_000 });
  return stdout.trim();
}

const inNode = async (program: string) => judge(JSON.parse(await inFolder(program, "in-node.js")), 2);

/** Whether `turbo` can be had on this machine: its kernels need 256-bit vectors. */
const hasAvx2 = () => process.platform === "linux" && /\bavx2\b/.test(readFileSync("/proc/cpuinfo", "utf8"));

/** The page as a bundler would make it, with no options but the platform. */
async function bundlePage(): Promise<void> {
  const absWorkingDir = project.folder;
  await bundle({
    absWorkingDir,
    entryPoints: ["in-page.js"],
    outdir: "bundled",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    logLevel: "silent",
  });
}

try {
  await cell(`Node ${process.versions.node}`, () => inNode(process.execPath));
  const program = await installNode(node24, join(project.folder, "node24"));
  if (program) {
    await cell(`Node ${node24}`, () => inNode(program));
    if (hasAvx2()) await cell(`turbo in Node ${node24}`, async () => `taken, scores of relaxed: ${(await inFolder(program, "turbo.js")).slice(0, 60)}`);
    else console.log("left out: turbo (this CPU has no AVX2)");
  } else console.log(`left out: Node ${node24}, turbo (npm has no build of it for ${process.platform} ${process.arch})`);

  await cell("command line", async () => {
    const { stdout } = await run(join(project.folder, "node_modules/.bin/ocelli"), ["--version"], { cwd: project.folder });
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    if (stdout.trim() !== version) throw new Error(`ocelli --version said ${stdout.trim()}, expected ${version}`);
    return version;
  });

  const browser = await launchChromium();
  try {
    for (const isolated of [true, false]) {
      const server = await serve(project.folder, { isolated });
      const where = `Chromium ${browser.version()}, ${isolated ? "" : "not "}cross-origin isolated`;
      const threads = isolated ? 2 : 1;
      await cell(`${where}, plain modules`, async () => judge(await runInPage(browser, `${server.origin}/in-page.html`, { isolated }), threads));
      await cell(`${where}, bundled by esbuild`, async () => {
        await bundlePage();
        return judge(await runInPage(browser, `${server.origin}/bundled/in-page.html`, { isolated }), threads);
      });
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
