import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Program } from "./runtime.js";

export interface Search {
  /** File names, the likeliest first; Windows adds `.exe`. */
  readonly names: readonly string[];
  /** Environment variable that names a program before all others. */
  readonly variable: string;
  /** Paths where installers put it, if not in PATH. */
  readonly places?: readonly string[];
  readonly projects?: readonly string[];
}

/** Programs that say their version: from the environment's variable, `node_modules/.bin` of the projects, PATH and usual places; the first of each version. */
export async function findPrograms({ names, variable, places = [], projects = [] }: Search): Promise<Program[]> {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const folders = [...projects.map((project) => join(project, "node_modules/.bin")), ...(process.env.PATH ?? "").split(delimiter).filter(Boolean)];
  const paths = [process.env[variable] ?? "", ...folders.flatMap((folder) => names.map((name) => join(folder, name + suffix))), ...places];
  const found = await Promise.all([...new Set(paths)].filter(isProgram).map(programAt));
  const versions = new Map<string, Program>();
  for (const program of found) if (program && !versions.has(program.version)) versions.set(program.version, program);
  return [...versions.values()];
}

/** A program with the version that it says it has; `undefined` where it says none. */
export async function programAt(path: string): Promise<Program | undefined> {
  const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: 20_000 }).catch(() => ({ stdout: "" }));
  const version = /\d+(?:[.-]\d+)+/.exec(stdout)?.[0];
  return version === undefined ? undefined : { path, version };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
