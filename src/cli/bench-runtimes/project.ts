import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A module of the project that calls a function of the package's with the package and its input. */
const jobModule = (name: string, file: string) => `import * as ocelli from "ocelli";
import { ${name} } from "./node_modules/ocelli/dist/cli/bench-runtimes/${file}.js";
export default (input) => ${name}(ocelli, input);
`;

export const jobs = { bits: "bits.js", speed: "speed.js" } as const;

export interface JobProject {
  readonly folder: string;
  /** Of the package. */
  readonly version: string;
  remove(): void;
}

/**
 * A temporary project with a copy of this package and of those that it imports, for runtimes to find them in as in any user's. Jimp is
 * left out, which brings seventy packages that jobs do not need.
 */
export function makeProject(): JobProject {
  const root = packageRoot();
  const { name, version, type, exports, imports, dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const folder = mkdtempSync(join(tmpdir(), "ocelli-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", remove);
  const write = (path: string, text: string) => writeFileSync(join(folder, path), text);
  try {
    const copy = join(folder, "node_modules/ocelli");
    mkdirSync(copy, { recursive: true });
    cpSync(join(root, "dist"), join(copy, "dist"), { recursive: true, filter: (path) => !path.endsWith(".d.ts") });
    const { jimp: _, ...needed } = dependencies;
    write("node_modules/ocelli/package.json", JSON.stringify({ name, version, type, exports, imports, dependencies: needed }));
    copyPackages(needed, root, join(folder, "node_modules"));
    write("package.json", JSON.stringify({ private: true, type: "module", dependencies: { ocelli: version } }));
    write(jobs.bits, jobModule("trainForBits", "same-bits"));
    write(jobs.speed, jobModule("measureSpeed", "speed"));
  } catch (error) {
    remove();
    throw error;
  }
  return {
    folder,
    version,
    remove() {
      process.off("exit", remove);
      remove();
    },
  };
}

/** Copies packages, and those that they depend on, side by side. @param from the package that asks for them */
function copyPackages(dependencies: Readonly<Record<string, string>>, from: string, to: string): void {
  for (const name of Object.keys(dependencies)) {
    if (existsSync(join(to, name))) continue;
    const folder = dependencyFolder(from, name);
    cpSync(folder, join(to, name), { recursive: true, dereference: true });
    copyPackages(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).dependencies ?? {}, folder, to);
  }
}

/** The package that this module is in. */
function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** Where Node finds a dependency of a package. */
function dependencyFolder(root: string, name: string): string {
  for (let folder = root; ; folder = dirname(folder)) {
    const found = join(folder, "node_modules", name);
    if (existsSync(found)) return found;
    if (folder === dirname(folder)) throw new Error(`${name} is not installed beside ${root}`);
  }
}
