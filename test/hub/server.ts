import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
export const commit = "0123456789abcdef0123456789abcdef01234567";

export interface Logged {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly isStore: boolean;
}

/** Answers a request instead of the server; false leaves it to the server. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * A hub on this machine: small files come from it, large ones by a redirect from a store of another origin, which knows
 * ranges. Answers with the headers that the hub's do.
 */
export class HubServer {
  /** `owner/name` -> file -> content. */
  readonly repositories = new Map<string, Map<string, Uint8Array>>();
  readonly log: Logged[] = [];
  /** Asked first; of the hub and of its store. */
  fault: Fault = () => false;
  storeFault: Fault = () => false;
  private readonly hub = createServer((request, response) => this.answer(request, response, false));
  private readonly store = createServer((request, response) => this.answer(request, response, true));

  static async start(): Promise<HubServer> {
    const server = new HubServer();
    for (const each of [server.hub, server.store]) await new Promise<void>((done) => each.listen(0, "127.0.0.1", done));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.hub.address() as AddressInfo).port}`;
  }

  get storeOrigin(): string {
    return `http://127.0.0.1:${(this.store.address() as AddressInfo).port}`;
  }

  put(repo: string, files: Record<string, Uint8Array | string | object>): void {
    const bytes = (content: Uint8Array | string | object) =>
      content instanceof Uint8Array ? content : Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
    this.repositories.set(repo, new Map(Object.entries(files).map(([name, content]) => [name, bytes(content)])));
  }

  /** Requests for files of this name, as "HEAD" or "GET", those to the store with a mark. */
  requests(name: string): string[] {
    return this.log.filter(({ path }) => path.endsWith(`/${name}`)).map(({ method, isStore }) => (isStore ? `${method} store` : method));
  }

  reset(): void {
    this.fault = () => false;
    this.storeFault = () => false;
    this.log.length = 0;
  }

  async close(): Promise<void> {
    for (const each of [this.hub, this.store]) {
      each.closeAllConnections();
      await new Promise((done) => each.close(done));
    }
  }

  private answer(request: IncomingMessage, response: ServerResponse, isStore: boolean): void {
    const path = decodeURIComponent(new URL(request.url as string, this.origin).pathname);
    this.log.push({ method: request.method as string, path, headers: request.headers, isStore });
    if ((isStore ? this.storeFault : this.fault)(request, response)) return;
    const [, owner, name, , revision, ...rest] = path.split("/");
    const files = this.repositories.get(`${owner}/${name}`);
    const content = files?.get(rest.join("/"));
    if (!files) return void response.writeHead(401, { "x-error-code": "RepoNotFound" }).end();
    if (revision !== "main" && revision !== commit) return void response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
    if (!content) return void response.writeHead(404, { "x-error-code": "EntryNotFound" }).end("Entry not found");
    const isLarge = /\.(safetensors|onnx|onnx_data|bin)$/.test(path);
    if (isStore) return serve(request, response, content, `"store-${sha256Of(content).slice(0, 8)}"`);
    response.setHeader("x-repo-commit", commit);
    if (!isLarge) return serve(request, response, content, `"${createHash("sha1").update(content).digest("hex")}"`);
    response.setHeader("x-linked-etag", `"${sha256Of(content)}"`);
    response.setHeader("x-linked-size", content.length);
    response.writeHead(302, { location: `${this.storeOrigin}${request.url}` }).end();
  }
}

/** A file, or the range of it that is asked for, as web servers do. */
export function serve(request: IncomingMessage, response: ServerResponse, content: Uint8Array, etag: string): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? Number.NaN);
  const same = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
  const isPart = start < content.length && same;
  if (start >= content.length && same) return void response.writeHead(416).end();
  const body = isPart ? content.subarray(start) : content;
  response.setHeader("etag", etag);
  response.setHeader("content-length", body.length);
  if (isPart) response.setHeader("content-range", `bytes ${start}-${content.length - 1}/${content.length}`);
  response.writeHead(isPart ? 206 : 200).end(request.method === "HEAD" ? undefined : body);
}

/** Serves `count` bytes of a file's rest and cuts the connection. */
export function cut(request: IncomingMessage, response: ServerResponse, content: Uint8Array, count: number): true {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const rest = content.subarray(start);
  response.setHeader("content-length", rest.length);
  if (start > 0) response.setHeader("content-range", `bytes ${start}-${content.length - 1}/${content.length}`);
  response.writeHead(start > 0 ? 206 : 200);
  response.write(rest.subarray(0, count), () => response.socket?.destroy());
  return true;
}
