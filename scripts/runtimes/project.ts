/** Packs Ocelli as it would be published and installs the tarball into an empty project. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { asset } from "../../test/assets.js";

const run = promisify(execFile);
export const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];

export interface Project {
  readonly folder: string;
  /** Path below `folder` of an asset, copied there at its first use; `undefined` where there are no assets. */
  asset(path: string): string | undefined;
  remove(): void;
}

/** A temporary project that depends on the package in `root`, with the cells' jobs in `jobs/`. */
export async function installPacked(root: string): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), "ocelli-runtimes-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder, ...quiet], { cwd: root });
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    if (!tarball) throw new Error("npm pack made no tarball");
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "runtimes", private: true, type: "module" }));
    await run("npm", ["install", "--ignore-scripts", "--no-package-lock", ...quiet, `./${tarball}`], { cwd: folder });
    cpSync(join(import.meta.dirname, "jobs"), join(folder, "jobs"), { recursive: true });
  } catch (error) {
    remove();
    throw error;
  }
  return {
    folder,
    asset(path) {
      const from = asset(path);
      if (from === undefined) return undefined;
      const to = join(folder, "assets", path);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(from, to, { recursive: true });
      return `assets/${path}`;
    },
    remove,
  };
}
