import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { webCache } from "../../src/hub/cache-web.js";
import { download } from "../../src/hub/download.js";
import { env } from "../../src/hub/env.js";
import { patience } from "../../src/hub/transfer.js";
import { uniform } from "../zoo/recipe.js";
import { commit, cut, HubServer, sha256Of } from "./server.js";

/** A browser's `caches`, as far as it is used; `quota` bytes fit in. */
class FakeCaches {
  readonly responses = new Map<string, Response>();
  quota = Number.POSITIVE_INFINITY;
  async open() {
    return {
      match: async (url: string) => this.responses.get(url)?.clone(),
      put: async (url: string, response: Response) => {
        const content = await response.clone().arrayBuffer();
        if (content.byteLength > this.quota) throw new DOMException("quota", "QuotaExceededError");
        this.responses.set(url, response);
      },
      keys: async () => [...this.responses.keys()].map((url) => ({ url })),
    };
  }
}

const content = new Uint8Array(new Float32Array(uniform(3, 50_000)).buffer);
const initial = { ...env };
const usualPatience = { ...patience };
let server: HubServer;
let storage: FakeCaches;

beforeAll(async () => {
  server = await HubServer.start();
  server.put("a/net", { "model.safetensors": content, "config.json": {} });
});
afterAll(() => server.close());
beforeEach(() => {
  storage = new FakeCaches();
  server.reset();
  Object.assign(env, { remoteHost: server.origin });
  Object.assign(patience, { attempts: 2, pause: 5 });
});
afterEach(() => {
  Object.assign(env, initial);
  Object.assign(patience, usualPatience);
});

const wanted = () => ({ url: `${server.origin}/a/net/resolve/main/model.safetensors`, name: "model.safetensors", limit: 2 ** 30 });
const open = (storage?: FakeCaches) => webCache(storage as unknown as CacheStorage | undefined);
const isWhole = async (source: unknown) => expect(Buffer.from(await (source as Blob).arrayBuffer()).equals(content)).toBe(true);

it("a browser's cache keeps a file, and serves it without a network", async () => {
  const file = await download(wanted(), await open(storage));
  expect(file).toMatchObject({ sha256: sha256Of(content), size: content.length, commit });
  expect((file?.source as File).name).toBe("model.safetensors");
  await isWhole(file?.source);
  server.reset();
  env.allowRemote = false;
  const again = await download(wanted(), await open(storage));
  await isWhole(again?.source);
  expect(server.log).toEqual([]);
  await expect(download({ ...wanted(), url: `${server.origin}/none` }, await open(storage))).rejects.toThrow(
    /the cache has http.*model\.safetensors \(this browser's cache "ocelli"\)/,
  );
});

it("what came of a broken download is there for the next attempt of the page", async () => {
  let allowed = 1;
  server.storeFault = (request, response) => request.method === "GET" && cut(request, response, content, allowed-- > 0 ? 60_000 : 0);
  await expect(download(wanted(), await open(storage))).rejects.toThrow("bytes are kept");
  expect(storage.responses.size).toBe(0);
  server.reset();
  await isWhole((await download(wanted(), await open(storage)))?.source);
  expect(Number(/\d+/.exec(server.log.at(-1)?.headers.range as string)?.[0])).toBeGreaterThan(0);
});

it("other content than announced is not kept", async () => {
  server.storeFault = (request, response) => request.method === "GET" && !response.end(content.map((byte) => byte ^ 1)).closed;
  await expect(download(wanted(), await open(storage))).rejects.toThrow("expected a file of sha256");
  expect(storage.responses.size).toBe(0);
});

it("without room, or without a cache, the file serves all the same", async () => {
  storage.quota = 1000;
  await isWhole((await download(wanted(), await open(storage)))?.source);
  expect(storage.responses.size).toBe(0);
  await isWhole((await download(wanted(), await open()))?.source);
});
