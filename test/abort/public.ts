import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";

const root = resolve(import.meta.dirname, "../..");

/** The sources of what package.json exports. */
function entryPoints(): string[] {
  const { exports } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8")) as { exports: Record<string, { types?: string }> };
  const sources = Object.values(exports).flatMap(({ types }) => (types ? [resolve(root, types.replace("./dist/", "src/").replace(".d.ts", ".ts"))] : []));
  return [...new Set(sources)].filter(existsSync);
}

/**
 * All that the package exports and that gives a promise, as in `loadModel`, `Model.save`, `TarShards.open`: functions, and methods of
 * classes, interfaces and objects, but for what is marked internal.
 *
 * @returns by name whether a parameter has a `signal`
 */
export function asynchronousFunctions(): Map<string, boolean> {
  const { config } = ts.readConfigFile(resolve(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const entries = entryPoints();
  const program = ts.createProgram(entries, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const found = new Map<string, boolean>();

  const take = (name: string, symbol: ts.Symbol) => {
    const declaration = symbol.valueDeclaration;
    if (!declaration || isInternal(declaration)) return;
    const signatures = checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures();
    if (!signatures.some((each) => checker.getReturnTypeOfSignature(each).symbol?.name === "Promise")) return;
    const parameters = signatures.flatMap((each) => each.parameters.map((parameter) => checker.getTypeOfSymbolAtLocation(parameter, declaration)));
    const parts = parameters.map((type) => checker.getNonNullableType(type)).flatMap((type) => (type.isUnion() ? type.types : type));
    found.set(
      name,
      parts.some((type) => type.getProperty("signal") !== undefined),
    );
  };

  for (const entry of entries) {
    const file = program.getSourceFile(entry);
    const module = file && checker.getSymbolAtLocation(file);
    if (!module) throw new Error(`${entry} exports nothing`);
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      take(exported.name, symbol);
      const types: ts.Type[] = [];
      if (symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) types.push(checker.getDeclaredTypeOfSymbol(symbol));
      if (symbol.valueDeclaration) types.push(checker.getTypeOfSymbolAtLocation(symbol, symbol.valueDeclaration));
      for (const type of types) for (const member of type.getProperties()) take(`${exported.name}.${member.name}`, member);
    }
  }
  return found;
}

function isInternal(declaration: ts.Declaration): boolean {
  const isPrivate = (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Private) !== 0;
  const isOfOthers = declaration.getSourceFile().fileName.includes("node_modules");
  return isPrivate || isOfOthers || ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === "internal");
}
