/** Serves an installed project to a browser as it lies on disk, with an import map in place of a bundler. */
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Record<string, string> = { ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };
/** What a page needs for SharedArrayBuffer. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export interface Server {
  readonly origin: string;
  close(): void;
}

/** `/<module>.html` is a page that runs `/<module>.js`; everything else is a file of `folder`. */
export async function serve(folder: string, { isolated }: { isolated: boolean }): Promise<Server> {
  const imports = importMap(folder);
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    const headers = isolated ? isolation : {};
    if (extname(path) === ".html") {
      const page = `<!doctype html><title>smoke</title><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify({ imports })}</script><script type="module" src="${path.replace(/html$/, "js")}"></script>`;
      response.writeHead(200, { ...headers, "Content-Type": "text/html" }).end(page);
      return;
    }
    const file = join(folder, path);
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, headers).end();
      return;
    }
    response.writeHead(200, { ...headers, "Content-Type": types[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}

type Target = string | { readonly [condition: string]: Target };

/** Ocelli and what it depends on, by the entries that a browser would take. */
function importMap(folder: string): Record<string, string> {
  const imports: Record<string, string> = {};
  const ocelli = manifest(folder, "ocelli");
  for (const name of ["ocelli", ...Object.keys(ocelli.dependencies ?? {})]) {
    const { exports, browser, module, main } = manifest(folder, name);
    const entry = entryOf(exports?.["."] ?? exports) ?? (typeof browser === "string" ? browser : (module ?? main ?? "index.js"));
    imports[name] = join("/node_modules", name, entry);
    imports[`${name}/`] = `/node_modules/${name}/`;
  }
  for (const [name, target] of Object.entries(ocelli.imports ?? {})) imports[name] = join("/node_modules/ocelli", entryOf(target) ?? "");
  return imports;
}

interface Manifest {
  dependencies?: Record<string, string>;
  exports?: Record<string, Target>;
  imports?: Record<string, Target>;
  browser?: unknown;
  module?: string;
  main?: string;
}

function manifest(folder: string, name: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8"));
}

function entryOf(target: Target | undefined): string | undefined {
  if (target === undefined || typeof target === "string") return target;
  for (const condition of ["browser", "import", "default"]) if (condition in target) return entryOf(target[condition]);
  return undefined;
}
