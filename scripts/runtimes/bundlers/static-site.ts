import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import type { Built } from "./bundler.js";

const types: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript" };
/** What a page needs for memory that threads share. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** Serves a folder; where a bundler made no HTML, `<name>.html` is a page that runs `<name>.js`. */
export const staticSite =
  (folder: string): Built["serve"] =>
  async ({ isolated }) => {
    const headers = isolated ? isolation : {};
    const server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
      const file = join(folder, path);
      const type = types[extname(path)] ?? "application/octet-stream";
      if (existsSync(file) && statSync(file).isFile()) {
        response.writeHead(200, { ...headers, "Content-Type": type });
        createReadStream(file).pipe(response);
      } else if (extname(path) === ".html") {
        response
          .writeHead(200, { ...headers, "Content-Type": type })
          .end(`<!doctype html><title>built</title><link rel="icon" href="data:,"><script type="module" src="${path.replace(/html$/, "js")}"></script>`);
      } else response.writeHead(404).end();
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { scenario: `${origin}/scenario-page.html`, classify: `${origin}/classify-page.html`, routes: {}, close: () => void server.close() };
  };
