import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, sep } from "node:path";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".jpg": "image/jpeg",
  ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

/** What a page needs for memory that threads share. */
export const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export interface Server {
  /** Such as `http://127.0.0.1:41234`. */
  readonly origin: string;
  close(): Promise<void>;
}

export type Route = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Serves the files of a folder on this machine only.
 *
 * @param options.headers of every answer
 * @param options.routes paths with an answer of their own
 * @param options.port default any that is free
 */
export async function serve(
  folder: string,
  { headers = {}, routes = {}, port = 0 }: { headers?: Readonly<Record<string, string>>; routes?: Readonly<Record<string, Route>>; port?: number } = {},
): Promise<Server> {
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const path = pathOf(request.url ?? "/");
    const route = path !== undefined && Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (route) return route(request, response);
    const file = path === undefined ? undefined : fileAt(folder, path);
    if (!file) return void response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": types[extname(file.name)] ?? "application/octet-stream", "Content-Length": file.size });
    createReadStream(file.name)
      .on("error", () => response.destroy())
      .pipe(response);
  });
  await new Promise<void>((done, fail) => server.once("error", fail).listen(port, "127.0.0.1", done));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/** Answers with a text. */
export function text(type: keyof typeof types, body: string): Route {
  return (_, response) => void response.writeHead(200, { "Content-Type": types[type] }).end(body);
}

/** Takes what is posted, as text. */
export function posted(take: (body: string) => void): Route {
  return (request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      response.writeHead(204).end();
      take(body);
    });
  };
}

function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(new URL(url, "http://localhost").pathname);
  } catch {
    return undefined;
  }
}

function fileAt(folder: string, path: string): { name: string; size: number } | undefined {
  const name = join(folder, path.endsWith("/") ? `${path}index.html` : path);
  if (!name.startsWith(join(folder, sep)) || path.includes("\0")) return undefined;
  const stats = statSync(name, { throwIfNoEntry: false });
  return stats?.isFile() ? { name, size: stats.size } : undefined;
}
