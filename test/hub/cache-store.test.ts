import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { chunksOf } from "../../src/core/chunks.js";
import { StorageError } from "../../src/core/errors.js";
import type { FileStore } from "../../src/core/file-store.js";
import { openSource } from "../../src/core/source.js";
import { firstToKeep, storeCache } from "../../src/hub/cache-store.js";
import { download } from "../../src/hub/download.js";
import { env } from "../../src/hub/env.js";
import { patience } from "../../src/hub/transfer.js";
import { indexedDb, memory, opfs } from "../../src/storage/index.js";
import { webCache } from "../../src/storage/web-cache.js";
import { uniform } from "../zoo/recipe.js";
import { commit, cut, HubServer, sha256Of } from "./server.js";

const piece = 2 ** 23;
const content = new Uint8Array(new Float32Array(uniform(3, 2 ** 21 + 50_000)).buffer); // a piece, and 200 kB
const initial = { ...env };
const usualPatience = { ...patience };
let server: HubServer;
let store: FileStore;

beforeAll(async () => {
  server = await HubServer.start();
});
afterAll(() => server.close());
beforeEach(() => {
  store = memory();
  server.reset();
  server.put("a/net", { "model.safetensors": content, "config.json": { a: 1 } });
  Object.assign(env, { remoteHost: server.origin, attempts: 1 });
  Object.assign(patience, { pause: 5 });
});
afterEach(() => {
  Object.assign(env, initial);
  Object.assign(patience, usualPatience);
});

/** Each as a tab of its own would. */
const get = (name = "model.safetensors", options = {}, repo = "a/net") =>
  download({ url: `${server.origin}/${repo}/resolve/main/${name}`, name, limit: 2 ** 30 }, storeCache(store), options);

async function bytesOf(file: Awaited<ReturnType<typeof get>>): Promise<Buffer> {
  const source = await openSource(file?.source ?? "");
  return Buffer.from(await source.read(0, source.size).finally(() => source.close()));
}

const isWhole = async (file: Awaited<ReturnType<typeof get>>) => expect((await bytesOf(file)).equals(Buffer.from(content.buffer))).toBe(true);
const sizeOf = async (name: string) => (await openSource({ store, name })).size;
const cutAfter =
  (count: number): HubServer["fault"] =>
  (request, response) =>
    request.method === "GET" && cut(request, response, content, count);
const requested = () => server.log.find(({ isStore, method }) => isStore && method === "GET")?.headers.range;
/** The store with room for so many bytes. */
function limited(room: number): FileStore {
  const inner = store;
  return {
    ...inner,
    async write(name, chunks) {
      const kept: Uint8Array[] = [];
      for await (const chunk of chunks) kept.push(chunk.slice());
      let used = kept.reduce((sum, { length }) => sum + length, 0);
      for (const other of await inner.list()) if (other !== name) used += (await openSource({ store: inner, name: other })).size;
      if (used > room) throw new StorageError("full", { isFull: true });
      await inner.write(name, kept);
    },
  };
}

it("keeps a file in pieces, and serves it without a network", async () => {
  const file = await get();
  expect(file).toMatchObject({ name: "model.safetensors", sha256: sha256Of(content), size: content.length, commit });
  await isWhole(file);
  const pieces = await store.list("pieces/");
  expect(await Promise.all(pieces.map(sizeOf))).toEqual([piece, content.length - piece]);
  expect(await store.list("unfinished/")).toEqual([]);
  server.reset();
  env.allowRemote = false;
  await isWhole(await get());
  await expect(get("none")).rejects.toThrow(/the cache has http.*model\.safetensors \(memory\)/);
  expect(server.log).toEqual([]);
});

it("takes content that another URL brought, follows a change, and fetches anew what was cleared in part", async () => {
  await get();
  server.put("a/copy", { "model.safetensors": content });
  server.reset();
  await isWhole(await get("model.safetensors", {}, "a/copy"));
  expect(server.log.map(({ method }) => method)).toEqual(["HEAD"]);
  expect(await store.list("pieces/")).toHaveLength(2);
  await get("config.json");
  server.put("a/net", { "config.json": { a: 2 } });
  expect((await bytesOf(await get("config.json"))).toString()).toBe('{"a":2}');
  await store.remove((await store.list("pieces/"))[1]);
  await isWhole(await get("model.safetensors", {}, "a/copy"));
  await isWhole(await get("model.safetensors", {}, "a/copy"));
});

it("goes on from the last byte where a connection broke", async () => {
  server.storeFault = cutAfter(piece + 100_000);
  await expect(get()).rejects.toThrow(/; (\d+) bytes are kept, and the next attempt goes on from there/);
  const kept = (await Promise.all((await store.list("pieces/")).map(sizeOf))).reduce((sum, size) => sum + size, 0);
  expect(kept).toBeGreaterThan(piece);
  expect([await store.list("index/"), await store.list("files/")]).toEqual([[], []]);
  server.reset();
  await isWhole(await get());
  expect(requested()).toBe(`bytes=${kept}-`);
  expect(await store.list("unfinished/")).toEqual([]);
});

it("goes on from the last whole piece where a tab was killed, and from nothing that another tab is at", async () => {
  const stop = new AbortController();
  let release = () => {};
  // The first tab's download stands still after its first piece; the second gets the file whole.
  let isFirst = true;
  server.storeFault = (request, response) => {
    if (request.method !== "GET" || !isFirst) return false;
    isFirst = false;
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, piece + 50_000));
    return true;
  };
  const standing = new Promise<void>((done) => {
    release = done;
  });
  const first = get("model.safetensors", { signal: stop.signal, onProgress: ({ loaded }: { loaded: number }) => loaded === piece + 50_000 && release() });
  first.catch(() => {});
  await standing;
  const asKilled = memory();
  for (const name of await store.list()) await asKilled.write(name, chunksOf(await openSource({ store, name })));
  await isWhole(await get());
  expect(server.log.filter(({ isStore }) => isStore).map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
  stop.abort();
  await expect(first).rejects.toMatchObject({ name: "AbortError" });
  await isWhole(await get());

  server.reset();
  store = asKilled;
  expect(await Promise.all((await store.list("pieces/")).map(sizeOf))).toEqual([piece]);
  await isWhole(await get());
  expect(requested()).toBe(`bytes=${piece}-`);
  expect(await store.list("unfinished/")).toEqual([]);
});

it("forgets what nobody came back for, and no file of a tab that ended before it had tidied up", async () => {
  server.storeFault = cutAfter(piece + 100_000);
  await expect(get()).rejects.toThrow("bytes are kept");
  const [entry] = await store.list("unfinished/");
  const id = entry.split("/")[2];
  const old = `${(Date.now() - 8 * 24 * 3600 * 1000).toString(36)}-0`;
  for (const number of [0, 1]) await store.copy?.(`pieces/${id}/${number}`, `pieces/${old}/${number}`);
  await store.write(`unfinished/${"0".repeat(64)}/${old}`, []);
  await get("config.json");
  expect(await store.list("unfinished/")).toEqual([entry]);
  expect(await store.list(`pieces/${old}/`)).toEqual([]);
  server.reset();
  await get();
  await store.write(entry, []);
  server.put("a/net", { "model.safetensors": content });
  const url = `${server.origin}/a/net/resolve/main/model.safetensors`;
  await (await storeCache(store).begin(sha256Of(content))).release(false);
  expect(await store.list("unfinished/")).toEqual([]);
  env.allowRemote = false;
  await isWhole(await download({ url, name: "model.safetensors", limit: 2 ** 30 }, storeCache(store)));
});

it("a broken part of an earlier download is thrown away, and other content than announced is not kept", async () => {
  server.storeFault = cutAfter(100_000);
  await expect(get()).rejects.toThrow("kept");
  const [broken] = await store.list("pieces/");
  await store.write(broken, [new Uint8Array(await sizeOf(broken))]);
  server.reset();
  await isWhole(await get());
  store = memory();
  server.storeFault = (request, response) => request.method === "GET" && !response.end(content.map((byte) => byte ^ 1)).closed;
  await expect(get()).rejects.toThrow("expected a file of sha256");
  expect(await store.list()).toEqual([]);
});

it.each([0, 100, piece + 1000])("with room for %i bytes, the file serves all the same, and takes none of it", async (room) => {
  const all = store;
  store = limited(room);
  await isWhole(await get());
  expect(await all.list()).toEqual([]);
});

it("a file for which there is room but not for what says so, serves too", async () => {
  store = limited(content.length + 3);
  await isWhole(await get());
  expect(await store.list("index/")).toEqual([]);
});

it("two downloads at the same time in one page keep one file", async () => {
  await Promise.all((await Promise.all([get(), get()])).map(isWhole));
  expect([await store.list("unfinished/"), await store.list("files/"), await store.list("pieces/")].map(({ length }) => length)).toEqual([0, 1, 2]);
});

it("takes the first place that keeps anything, also where that is full", async () => {
  expect(await firstToKeep([opfs("a"), indexedDb("a")])).toBeUndefined(); // there is neither in Node
  const full = limited(0);
  expect(await firstToKeep([opfs("a"), full, memory()])).toBe(full);
  expect(await firstToKeep([store, full])).toBe(store);
  expect(await firstToKeep([webCache("a")])).toBeUndefined();
});
