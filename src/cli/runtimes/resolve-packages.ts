import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

/** Where bare names lead, as an import map says it: paths from the project's root, by the folder of who imports. */
export interface ImportMap {
  readonly imports: Readonly<Record<string, string>>;
  readonly scopes: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

type Target = string | null | readonly Target[] | { readonly [condition: string]: Target };

interface Manifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Target;
  readonly imports?: Readonly<Record<string, Target>>;
  readonly browser?: unknown;
  readonly module?: string;
  readonly main?: string;
}

/**
 * What a bundler would make of the bare names in a project and in all that it depends on, for runtimes that know of no packages. Patterns
 * of exports are left out: their files have addresses.
 *
 * @param conditions of `exports` and `imports` that hold, in any order
 */
export function importMap(project: string, conditions: readonly string[]): ImportMap {
  const scopes: Record<string, Record<string, string>> = {};
  const visit = (folder: string): Record<string, string> => {
    const { dependencies = {}, peerDependencies = {}, imports = {} } = manifestIn(join(project, folder));
    const names: Record<string, string> = {};
    if (folder !== "") scopes[`/${folder}/`] = names;
    for (const [name, target] of Object.entries(imports)) add(names, name, folder, targetOf(target, conditions));
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      const found = packageFolder(project, folder, name);
      if (found === undefined) continue;
      for (const [subpath, target] of entries(manifestIn(join(project, found)), conditions)) add(names, posix.join(name, subpath), found, target);
      if (!(`/${found}/` in scopes)) visit(found);
    }
    return names;
  };
  return { imports: visit(""), scopes };
}

function add(names: Record<string, string>, name: string, folder: string, target: string | undefined): void {
  if (target !== undefined && !name.includes("*")) names[name] = `/${posix.join(folder, target)}`;
}

/** Where Node would look, as a path in the project. */
function packageFolder(project: string, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = posix.join(folder === "." ? "" : folder, "node_modules", name);
    if (existsSync(join(project, found, "package.json"))) return found;
    if (folder === "" || folder === ".") return undefined;
  }
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

function entries({ exports, browser, module, main }: Manifest, conditions: readonly string[]): [subpath: string, target: string | undefined][] {
  if (exports === undefined) return [[".", typeof browser === "string" && conditions.includes("browser") ? browser : (module ?? main ?? "index.js")]];
  const subpaths = typeof exports === "object" && exports !== null && Object.keys(exports).some((key) => key.startsWith("."));
  return subpaths ? Object.entries(exports).map(([subpath, target]) => [subpath, targetOf(target, conditions)]) : [[".", targetOf(exports, conditions)]];
}

function targetOf(target: Target, conditions: readonly string[]): string | undefined {
  if (target === null || typeof target === "string") return target ?? undefined;
  if (Array.isArray(target)) return target.map((each) => targetOf(each, conditions)).find((each) => each !== undefined);
  for (const [condition, inner] of Object.entries(target)) {
    const found = condition === "default" || conditions.includes(condition) ? targetOf(inner, conditions) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
