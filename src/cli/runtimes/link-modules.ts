import { existsSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { type ImportMap, importMap } from "./resolve-packages.js";

/** A module with its path in the project: JavaScript whose imports are relative paths, or compiled Wasm. */
export type LinkedModule = { readonly path: string; readonly script: string } | { readonly path: string; readonly wasm: string };

/** What an import or export names, in a statement or a call. A text that only looks like one leads nowhere and is left as it is. */
const specifiers = /(\bfrom\s*|\bimport\s*|\bimport\s*\(\s*(?:\/\*.*?\*\/\s*)*)(["'])([^"'\n]+)\2/g;

/** A module and all that it imports, statically or not, for runtimes that are given every module beforehand. */
export function linkModules(project: string, module: string, conditions: readonly string[]): LinkedModule[] {
  const map = importMap(project, conditions);
  const found = new Map<string, LinkedModule>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    if (path.endsWith(".wasm")) {
      found.set(path, { path, wasm: join(project, path) });
      return;
    }
    const imported: string[] = [];
    const script = readFileSync(join(project, path), "utf8").replace(specifiers, (whole, before: string, quote: string, name: string) => {
      const target = resolveName(name, path, map);
      if (target === undefined || !isFile(join(project, target))) return whole;
      imported.push(target);
      const relative = posix.relative(posix.dirname(path), target);
      return `${before}${quote}${relative.startsWith(".") ? relative : `./${relative}`}${quote}`;
    });
    found.set(path, { path, script });
    for (const each of imported) visit(each);
  };
  visit(module);
  return [...found.values()];
}

/** Path in the project that a name leads to. */
function resolveName(name: string, from: string, { imports, scopes }: ImportMap): string | undefined {
  if (/^\.{0,2}\//.test(name)) return posix.join(name.startsWith("/") ? "" : posix.dirname(from), name);
  const scope = Object.keys(scopes)
    .filter((folder) => `/${from}`.startsWith(folder))
    .sort((a, b) => b.length - a.length)[0];
  return (scopes[scope]?.[name] ?? imports[name])?.slice(1);
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
