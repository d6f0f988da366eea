import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/** Path from the project's root -> text. The checks read nothing else, so that each can first be shown a bad example. */
type Sources = Record<string, string>;
interface Check {
  name: string;
  find(sources: Sources): string[];
  /** Made-up sources that must each be found wanting. */
  bad: Sources[];
}

/** What a folder of `src/` may import besides itself: everything below it. One line is one floor. */
const floors = [
  ["core"],
  ["graph", "storage"],
  ["ops"],
  ["nn", "autograd", "plan"],
  ["runtime"],
  ["data", "optim"],
  ["formats"],
  ["model", "hub"],
  ["zoo", "train"],
  ["vision"],
  ["cli"],
];
const floorOf = (folder: string) => floors.findIndex((floor) => floor.includes(folder));

/** Kernel files without an op file of the same name -> the file that calls them. */
const sharedKernels: Record<string, string> = {
  copy: "src/ops/lowering/strided.ts",
  image: "src/data/image-engine.ts",
  pack: "src/ops/lowering/product.ts",
  "self-test": "src/runtime/instance.ts",
  winograd: "src/ops/lowering/winograd.ts",
};

const longest = 400;
const hostMath = [
  "exp",
  "expm1",
  "log",
  "log1p",
  "log2",
  "log10",
  "pow",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "atan2",
  "sinh",
  "cosh",
  "tanh",
  "asinh",
  "acosh",
  "atanh",
  "cbrt",
  "hypot",
  "random",
];

const checks: Check[] = [
  {
    name: "imports point downwards only",
    find: (sources) =>
      eachImport(sources, (file, target) => {
        const from = folderOf(file);
        const to = folderOf(target);
        if (from === undefined || to === undefined || from === to || to === "generated") return undefined;
        if (floorOf(from) < 0) return `${file}: src/${from}/ has no floor in test/architecture.test.ts`;
        return floorOf(to) < floorOf(from) ? undefined : `${file} imports ${target}`;
      }),
    bad: [
      { "src/core/a.ts": 'import { b } from "../ops/b.js";' },
      { "src/data/a.ts": 'await import("../optim/b.js");' },
      { "src/other/a.ts": 'export * from "../core/b.js";' },
    ],
  },
  {
    name: "nothing but the command line imports src/index.ts",
    find: (sources) =>
      eachImport(sources, (file, target) => (target === "src/index.ts" && folderOf(file) !== "cli" ? `${file} imports src/index.ts` : undefined)),
    bad: [{ "src/core/a.ts": 'import { b } from "../index.js";' }],
  },
  {
    name: "the studio uses what the package exports, and nothing else of it",
    find: (sources) =>
      Object.entries(sources).flatMap(([file, text]) => {
        if (!file.startsWith("examples/studio/src/")) return [];
        const may = /^(examples\/studio\/src\/.+|ocelli(\/storage|\/vision)?|(@preact\/|preact|uplot|fflate).*)$/;
        return importsOf(file, text).flatMap(({ target }) => (may.test(target) ? [] : [`${file} imports ${target}`]));
      }),
    bad: [{ "examples/studio/src/a.tsx": 'import { b } from "../../../src/core/b.js";' }, { "examples/studio/src/a.ts": 'import "ocelli/dist/chunks/b.js";' }],
  },
  {
    name: "there are no circles",
    find: circles,
    bad: [{ "src/core/a.ts": 'import { b } from "./b.js";', "src/core/b.ts": 'export { c } from "./c.js";', "src/core/c.ts": 'import { a } from "./a.js";' }],
  },
  {
    name: "node: modules are reached from host-*.ts, *-node.ts, cli/ and the worker's entry only",
    find: (sources) =>
      eachImport(sources, (file, target) => {
        const may = folderOf(file) === "cli" || /\/(host-[^/]+|[^/]+-node)\.ts$/.test(file) || file === "src/runtime/worker.ts";
        return target.startsWith("node:") && !may ? `${file} imports ${target}` : undefined;
      }),
    bad: [
      { "src/data/a.ts": 'import { readFileSync } from "node:fs";' },
      { "src/data/a.ts": 'const fs = await import("node:fs/promises");' },
      { "src/data/a.ts": 'const fs = process.getBuiltinModule("node:fs");' },
    ],
  },
  {
    name: "only runtime/ says WebAssembly or Worker",
    find: (sources) => eachName(sources, (file, name) => folderOf(file) !== "runtime" && ["WebAssembly", "Worker", "SharedWorker"].includes(name)),
    bad: [{ "src/data/a.ts": "const w = new Worker(url);" }, { "src/model/a.ts": "type M = WebAssembly.Memory;" }],
  },
  {
    name: "host functions that differ between engines are not called; src/core/math.ts and random.ts have ours",
    find: (sources) => eachMember(sources, (object, member) => object === "Math" && hostMath.includes(member)),
    bad: [{ "src/train/a.ts": "const y = Math.cos(1);" }, { "src/nn/a.ts": 'const y = Math["log"](2);' }, { "src/nn/a.ts": "const { exp } = Math;" }],
  },
  {
    name: "the ** operator raises whole powers of two only",
    find: powers,
    bad: [{ "src/train/a.ts": "const y = 0.9 ** step;" }],
  },
  {
    name: `no written file of src/ and assembly/ is longer than ${longest} lines`,
    find: (sources) =>
      Object.entries(sources).flatMap(([file, text]) => {
        const lines = text.split("\n").length - 1;
        return /^(src|assembly)\//.test(file) && lines > longest && !/^\/\/ Generated/.test(text) ? [`${file} has ${lines} lines`] : [];
      }),
    bad: [{ "src/core/a.ts": "\n".repeat(longest + 1) }],
  },
  {
    name: "no file or folder is called utils, helpers, common or misc",
    find: (sources) => Object.keys(sources).filter((file) => /(^|[/-])(utils?|helpers?|common|misc)([./-]|$)/.test(file)),
    bad: [{ "src/core/utils.ts": "" }, { "test/helpers/a.ts": "" }, { "src/data/image-utils.ts": "" }],
  },
  {
    name: "every kernel file has its op, every op its tests",
    find: (sources) => {
      const has = (file: string) => file in sources;
      return Object.keys(sources).flatMap((file) => {
        const [, folder, stem] = /^(assembly|src)\/ops\/([^/]+)\.ts$/.exec(file) ?? [];
        if (!stem || stem === "index") return [];
        if (folder === "assembly") return has(`src/ops/${stem}.ts`) || has(sharedKernels[stem]) ? [] : [`${file} has no src/ops/${stem}.ts`];
        return has(`test/ops/${stem}.test.ts`) ? [] : [`${file} has no test/ops/${stem}.test.ts`];
      });
    },
    bad: [{ "assembly/ops/a.ts": "" }, { "src/ops/a.ts": "" }],
  },
];

function folderOf(file: string): string | undefined {
  return /^src\/([^/]+)\//.exec(file)?.[1];
}

/** Everything a module imports or re-exports, dynamically and by `process.getBuiltinModule` too: paths within the project, else the specifier as written. */
function importsOf(file: string, text: string): { target: string; typeOnly: boolean }[] {
  const found: { target: string; typeOnly: boolean }[] = [];
  const add = (specifier: ts.Expression, typeOnly: boolean) => {
    if (!ts.isStringLiteralLike(specifier)) return;
    const path = specifier.text;
    found.push({ target: path.startsWith(".") ? posix.join(posix.dirname(file), path).replace(/\.js$/, ".ts") : path, typeOnly });
  };
  visit(file, text, (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
    else if (ts.isCallExpression(node) && node.expression.getText().endsWith("getBuiltinModule")) add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal as ts.Expression, true);
  });
  return found;
}

const parsed = new Map<string, ts.SourceFile>();

function visit(file: string, text: string, look: (node: ts.Node, source: ts.SourceFile) => void): void {
  const key = `${file}\0${text}`;
  const source = parsed.get(key) ?? ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  parsed.set(key, source);
  const walk = (node: ts.Node): void => {
    look(node, source);
    ts.forEachChild(node, walk);
  };
  walk(source);
}

function eachSource(sources: Sources, look: (file: string, node: ts.Node, report: (message?: string) => void) => void): string[] {
  const found: string[] = [];
  for (const [file, text] of Object.entries(sources)) {
    if (!file.startsWith("src/")) continue;
    visit(file, text, (node, source) =>
      look(file, node, (message) =>
        found.push(message ?? `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${node.getText().slice(0, 80)}`),
      ),
    );
  }
  return found;
}

function eachImport(sources: Sources, judge: (file: string, target: string) => string | undefined): string[] {
  return Object.entries(sources).flatMap(([file, text]) =>
    file.startsWith("src/") ? importsOf(file, text).flatMap(({ target }) => judge(file, target) ?? []) : [],
  );
}

function eachName(sources: Sources, wrong: (file: string, name: string) => boolean): string[] {
  return eachSource(sources, (file, node, report) => {
    if (ts.isIdentifier(node) && wrong(file, node.text)) report();
  });
}

function eachMember(sources: Sources, wrong: (object: string, member: string) => boolean): string[] {
  return eachSource(sources, (_, node, report) => {
    if (ts.isPropertyAccessExpression(node) && wrong(node.expression.getText(), node.name.text)) report();
    else if (
      ts.isElementAccessExpression(node) &&
      ts.isStringLiteralLike(node.argumentExpression) &&
      wrong(node.expression.getText(), node.argumentExpression.text)
    )
      report();
    else if (ts.isVariableDeclaration(node) && node.initializer && ts.isObjectBindingPattern(node.name)) {
      const object = node.initializer.getText();
      if (node.name.elements.some((element) => wrong(object, (element.propertyName ?? element.name).getText()))) report();
    }
  });
}

function powers(sources: Sources): string[] {
  return eachSource(sources, (_, node, report) => {
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AsteriskAsteriskToken && node.left.getText() !== "2") report();
  });
}

function circles(sources: Sources): string[] {
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const enter = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done" || !(file in sources)) return;
    if (state.get(file) === "open") {
      found.push([...path.slice(path.indexOf(file)), file].join(" -> "));
      return;
    }
    state.set(file, "open");
    for (const { target, typeOnly } of importsOf(file, sources[file])) if (!typeOnly) enter(target, [...path, file]);
    state.set(file, "done");
  };
  for (const file of Object.keys(sources)) if (file.startsWith("src/")) enter(file, []);
  return found;
}

function readSources(): Sources {
  const root = resolve(import.meta.dirname, "..");
  const sources: Sources = {};
  for (const folder of ["src", "assembly", "test", "scripts", "bench", "examples/studio"]) {
    if (!existsSync(join(root, folder))) continue;
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      if (/(^|[/\\])node_modules[/\\]/.test(name)) continue; // the benchmarks' peers
      const file = posix.join(folder, ...name.split(/[/\\]/));
      if (/\.tsx?$/.test(file) && !file.startsWith("src/generated/")) sources[file] = readFileSync(join(root, file), "utf8");
    }
  }
  return sources;
}

describe("architecture", () => {
  const sources = readSources();
  it.each(checks)("$name", ({ find, bad }) => {
    for (const example of bad) expect(find(example), `the check must see ${JSON.stringify(example).slice(0, 120)}`).not.toEqual([]);
    expect(find(sources)).toEqual([]);
  });
});
