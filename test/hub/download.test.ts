import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openCache } from "../../src/hub/cache.js";
import { download } from "../../src/hub/download.js";
import { env } from "../../src/hub/env.js";
import { patience } from "../../src/hub/transfer.js";
import { uniform } from "../zoo/recipe.js";
import { commit, cut, HubServer, serve, sha256Of } from "./server.js";

const content = new Uint8Array(new Float32Array(uniform(1, 100_000)).buffer); // 400 kB
const initial = { ...env };
const usualPatience = { ...patience };
let server: HubServer;
let folder: string;

beforeAll(async () => {
  server = await HubServer.start();
});
afterAll(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ocelli-hub-"));
  Object.assign(env, { remoteHost: server.origin, cacheDir: folder, token: undefined, allowRemote: true, attempts: 3 });
  Object.assign(patience, { pause: 5, longestPause: 20, silence: 5000 });
  server.reset();
  server.put("timm/net", { "model.safetensors": content, "config.json": { a: 1 } });
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  Object.assign(env, initial);
  Object.assign(patience, usualPatience);
});

const url = (file = "model.safetensors", repo = "timm/net") => `${server.origin}/${repo}/resolve/main/${file}`;
const get = async (options: Partial<Parameters<typeof download>[0]> & Parameters<typeof download>[2] = {}) => {
  const name = options.name ?? "model.safetensors";
  return download({ url: url(name), limit: 2 ** 30, ...options, name }, await openCache(env.cacheDir), options);
};
/** Files of the cache by their paths; a failed download must leave none below `files` and none in the index. */
const kept = (part: string) => (existsSync(join(folder, part)) ? readdirSync(join(folder, part), { recursive: true, encoding: "utf8" }).sort() : []);
const nothingLoads = () => expect([...kept("files"), ...kept("index")]).toEqual([]);
const isWhole = (file: Awaited<ReturnType<typeof get>>) => expect(readFileSync(file?.source as string).equals(content)).toBe(true);
const once = (fault: HubServer["fault"]): HubServer["fault"] => {
  let isDone = false;
  return (request, response) => {
    if (isDone || request.method === "HEAD") return false;
    isDone = true;
    return fault(request, response);
  };
};
const isGet = (request: IncomingMessage) => request.method === "GET";

describe("a download", () => {
  it("keeps a file under the hash of its content and asks for it once", async () => {
    const progress: number[] = [];
    const file = await get({ onProgress: ({ loaded, total }) => progress.push(loaded, total as number) });
    isWhole(file);
    expect(file).toMatchObject({ sha256: sha256Of(content), size: content.length, commit, isStale: false });
    expect(file?.source).toBe(join(folder, "files", sha256Of(content), "model.safetensors"));
    expect(progress.slice(-2)).toEqual([content.length, content.length]);
    expect(server.requests("model.safetensors")).toEqual(["HEAD", "GET", "GET store"]);
    server.reset();
    const again = await get({ onProgress: () => expect.unreachable() });
    expect(again).toEqual(file);
    expect(server.requests("model.safetensors")).toEqual(["HEAD"]);
    expect(kept("unfinished")).toEqual([]);
  });

  it("asks nothing for a URL that never changes", async () => {
    await get();
    server.reset();
    isWhole(await get({ isFixed: true }));
    expect(server.log).toEqual([]);
  });

  it("takes content that another URL brought", async () => {
    await get();
    server.put("timm/copy", { "model.safetensors": content });
    server.reset();
    const copy = await get({ url: url("model.safetensors", "timm/copy") });
    isWhole(copy);
    expect(server.log.map(({ method }) => method)).toEqual(["HEAD"]);
    expect(kept("index")).toHaveLength(2);
  });

  it("follows a change on the server, and fetches anew what is gone from the cache", async () => {
    const old = await get({ name: "config.json" });
    server.put("timm/net", { "config.json": { a: 2 } });
    const next = await get({ name: "config.json" });
    expect(readFileSync(next?.source as string, "utf8")).toBe('{"a":2}');
    expect(next?.sha256).not.toBe(old?.sha256);
    writeFileSync(next?.source as string, "half");
    expect(readFileSync((await get({ name: "config.json" }))?.source as string, "utf8")).toBe('{"a":2}');
  });

  it("goes on where the connection was cut, as often as it is cut, while something comes", async () => {
    let cuts = 0;
    server.storeFault = (request, response) => isGet(request) && ++cuts <= 6 && cut(request, response, content, 50_000);
    isWhole(await get());
    const ranges = server.log.filter(({ isStore }) => isStore).map(({ headers }) => headers.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges).toHaveLength(7);
    expect(Number(/\d+/.exec(ranges[6] as string)?.[0])).toBeGreaterThan(200_000);
  });

  it("gives up after attempts that bring nothing, and the next download goes on", async () => {
    let allowed = 1;
    server.storeFault = (request, response) =>
      isGet(request) && (allowed-- > 0 ? cut(request, response, content, 150_000) : cut(request, response, content, 0));
    await expect(get()).rejects.toThrow(/cannot download .*model\.safetensors: .*; \d+ bytes are kept, and the next attempt goes on from there/s);
    nothingLoads();
    expect(kept("unfinished")).toHaveLength(1);
    const size = statSync(join(folder, "unfinished", kept("unfinished")[0])).size;
    server.reset();
    isWhole(await get());
    expect(server.log.find(({ isStore }) => isStore)?.headers.range).toBe(`bytes=${size}-`);
    expect(kept("unfinished")).toEqual([]);
  });

  it("sends the validator along where no hash is known, and starts again where the file has changed", async () => {
    const plain =
      (etag: string, body: Uint8Array): HubServer["fault"] =>
      (request, response) => {
        serve(request, response, body, etag);
        return true;
      };
    const other = content.map((byte) => byte ^ 1);
    const whole = plain('"v1"', content);
    let cuts = 1;
    server.fault = (request, response) => (isGet(request) && cuts-- > 0 ? cut(request, response, content, 100_000) : whole(request, response));
    isWhole(await get());
    expect(server.log.at(-1)?.headers).toMatchObject({ "if-range": '"v1"', range: expect.stringMatching(/^bytes=\d+-$/) });
    rmSync(folder, { recursive: true });
    // The file changes between the first part and the second: the server sends all of the new one.
    cuts = 1;
    server.fault = (request, response) =>
      isGet(request) && cuts-- > 0 ? cut(request, response, content, 100_000) : (isGet(request) ? plain('"v2"', other) : whole)(request, response);
    const file = await get();
    expect(readFileSync(file?.source as string).equals(other)).toBe(true);
  });

  it("never joins parts where nothing says that they are of one file", async () => {
    let cuts = 1;
    server.fault = (request, response) => {
      if (isGet(request) && cuts-- > 0) return cut(request, response, content, 100_000);
      response.setHeader("content-length", content.length);
      response.end(isGet(request) ? content : undefined);
      return true;
    };
    isWhole(await get());
    expect(server.log.every(({ headers }) => headers.range === undefined)).toBe(true);
  });

  it("starts again where a server ignores ranges or sends another", async () => {
    let cuts = 1;
    server.storeFault = (request, response) => {
      if (isGet(request) && cuts-- > 0) return cut(request, response, content, 100_000);
      delete request.headers.range;
      return false;
    };
    isWhole(await get());
    rmSync(folder, { recursive: true });
    cuts = 1;
    let wrong = 1;
    server.storeFault = (request, response) => {
      if (!isGet(request)) return false;
      if (cuts-- > 0) return cut(request, response, content, 100_000);
      if (wrong-- <= 0) return false;
      response.writeHead(206, { "content-range": `bytes 5-${content.length - 1}/${content.length}` }).end(content.subarray(5));
      return true;
    };
    isWhole(await get());
  });

  it("tries again after errors of the server, and waits as long as it asks", async () => {
    const statuses = [503, 429];
    server.fault = (request, response) => {
      const status = isGet(request) ? statuses.pop() : undefined;
      if (status) response.writeHead(status, { "retry-after": "0" }).end();
      return status !== undefined;
    };
    isWhole(await get());
    server.fault = (_, response) => {
      response.writeHead(502).end();
      return true;
    };
    await expect(get({ name: "config.json" })).rejects.toThrow(/config\.json: status 502 Bad Gateway; the cache has .*model\.safetensors/);
    expect(server.requests("config.json")).toHaveLength(3);
  });

  it("ends when the caller wants it, keeping what came", async () => {
    const stop = new AbortController();
    server.storeFault = (request, response) => {
      if (!isGet(request)) return false;
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 120_000));
      return true; // and not a byte more
    };
    await expect(get({ signal: stop.signal, onProgress: ({ loaded }) => loaded >= 120_000 && stop.abort() })).rejects.toMatchObject({ name: "AbortError" });
    nothingLoads();
    expect(statSync(join(folder, "unfinished", kept("unfinished")[0])).size).toBe(120_000);
    await expect(get({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    server.reset();
    isWhole(await get());
    expect(server.log.at(-1)?.headers.range).toBe("bytes=120000-");
  });

  it("does not wait for a server that falls silent", async () => {
    patience.silence = 100;
    env.attempts = 2;
    server.storeFault = isGet;
    await expect(get()).rejects.toThrow("nothing came for 0.1 s");
    server.fault = () => true;
    await expect(get({ name: "config.json" })).rejects.toThrow("nothing came for 0.1 s");
    nothingLoads();
  });
});

describe("what is not as announced", () => {
  const instead =
    (status: number, headers: Record<string, string>, body: Uint8Array | string): HubServer["fault"] =>
    (request, response) => {
      if (!isGet(request)) return false;
      response.writeHead(status, headers).end(body);
      return true;
    };

  it.each([
    [
      "other content of the same size",
      (): HubServer["fault"] =>
        instead(
          200,
          {},
          content.map((byte) => byte ^ 255),
        ),
      /expected a file of sha256 [0-9a-f]{64}, got other content/,
    ],
    ["more bytes", () => instead(200, { "transfer-encoding": "chunked" }, Buffer.concat([content, content])), /expected a file of 400000 bytes, got more/],
    ["another length", () => instead(200, { "content-length": "399999" }, content.subarray(1)), /expected a file of 400000 bytes, got one of 399999/],
    [
      "fewer bytes, again and again",
      () => instead(200, { "transfer-encoding": "chunked" }, content.subarray(1)),
      /the connection ended after 399999 of 400000 bytes/,
    ],
    ["a web page", () => instead(200, { "content-type": "text/html; charset=utf-8" }, "<html>log in</html>"), /expected model\.safetensors, got a web page/],
    ["a web page in disguise", () => instead(200, { "transfer-encoding": "chunked" }, "\n<!DOCTYPE html><p>"), /expected model\.safetensors, got a web page/],
    ["a pickle", () => instead(200, { "transfer-encoding": "chunked" }, Uint8Array.of(0x80, 2, 0x7d)), /got a Python pickle/],
    ["a torch archive", () => instead(200, { "transfer-encoding": "chunked" }, `PK\u0003\u0004${"\0".repeat(26)}archive/data.pkl`), /got a Python pickle/],
  ])("%s is refused and leaves nothing that loads", async (_, fault, message) => {
    server.storeFault = fault();
    await expect(get()).rejects.toThrow(message);
    nothingLoads();
    server.reset();
    isWhole(await get());
  });

  it("a web page in place of a description is refused too", async () => {
    for (const headers of [{ "content-type": "text/html" }, { "content-type": "application/json" }]) {
      server.fault = instead(200, headers, "<!doctype html><title>log in</title>");
      await expect(get({ url: url("config.json"), name: "config.json" })).rejects.toThrow(/expected config\.json, got a web page/);
      nothingLoads();
    }
  });

  it("a broken part of an earlier download is thrown away, and the file fetched whole", async () => {
    server.storeFault = once((request, response) => cut(request, response, content, 100_000));
    env.attempts = 1;
    await expect(get()).rejects.toThrow("kept");
    const part = join(folder, "unfinished", kept("unfinished")[0]);
    const { mtime } = statSync(part);
    writeFileSync(part, "x".repeat(100_000));
    utimesSync(part, mtime, mtime);
    isWhole(await get());
    expect(kept("unfinished")).toEqual([]);
  });

  it("a hash given with the address holds, and sizes beyond the limit are refused before they come", async () => {
    await expect(get({ sha256: "0".repeat(64), url: url("config.json"), name: "config.json" })).rejects.toThrow(/expected a file of sha256 0{64}/);
    await expect(get({ limit: 399_999 })).rejects.toMatchObject({ code: "ERR_LIMIT", message: expect.stringContaining("at most 399999 bytes, found 400000") });
    server.fault = (request, response) => {
      if (isGet(request)) response.write(content);
      return isGet(request) ? !response.end(content).closed : (response.end(), true);
    };
    await expect(get({ limit: 500_000 })).rejects.toMatchObject({ code: "ERR_LIMIT" });
    nothingLoads();
  });
});

describe("redirects and refusals", () => {
  const redirect =
    (location: string): HubServer["fault"] =>
    (_, response) => {
      response.writeHead(302, { location }).end();
      return true;
    };

  it("end after five, and never lead from https to http", async () => {
    server.fault = redirect(url());
    await expect(get()).rejects.toThrow(/expected at most 5 redirects, got another/);
    expect(server.log).toHaveLength(6);
    server.fault = redirect("ftp://example.com/x");
    await expect(get()).rejects.toThrow(/expected a redirect to https, got one to ftp:/);
    server.fault = redirect("file:///etc/passwd");
    await expect(get()).rejects.toThrow(/expected a redirect to https, got one to file:/);
    nothingLoads();
  });

  it("send the token to the hub alone", async () => {
    env.token = "hf_secret";
    isWhole(await get());
    const sent = (isStore: boolean) => server.log.filter((entry) => entry.isStore === isStore).map(({ headers }) => headers.authorization);
    expect(sent(false)).toEqual(["Bearer hf_secret", "Bearer hf_secret"]);
    expect(sent(true)).toEqual([undefined]);
    env.remoteHost = "https://huggingface.co";
    server.reset();
    await get({ name: "config.json" });
    expect(server.log.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  it("say what is missing", async () => {
    expect(await get({ name: "none.json" })).toBeUndefined();
    await expect(get({ url: url("config.json", "timm/none") })).rejects.toThrow(
      /there is no such repository, or a private one needs a token: HF_TOKEN or env\.token/,
    );
    await expect(get({ url: url("config.json").replace("main", "v9") })).rejects.toThrow("the repository has no such revision");
    server.fault = (_, response) => !response.writeHead(403, { "x-error-code": "GatedRepo" }).end().closed;
    await expect(get()).rejects.toThrow(/its terms have to be accepted on the repository's page first/);
    server.fault = (request, response) => !response.writeHead(isGet(request) ? 403 : 405).end().closed;
    await expect(get()).rejects.toThrow(/status 403 Forbidden/);
    await expect(get({ name: "pytorch_model.bin" })).rejects.toMatchObject({
      code: "ERR_UNSUPPORTED",
      message: expect.stringContaining("save_file(torch.load("),
    });
  });

  it("a server without HEAD serves all the same", async () => {
    server.fault = (request, response) => {
      if (isGet(request)) return false;
      response.writeHead(405).end();
      return true;
    };
    isWhole(await get());
  });
});

describe("without a network", () => {
  it("the cache serves, and says what it has", async () => {
    await get();
    server.reset();
    env.allowRemote = false;
    isWhole(await get());
    await expect(get({ name: "config.json" })).rejects.toThrow(
      /config\.json: downloads are off \(env\.allowRemote, OCELLI_OFFLINE\); the cache has http.*\/timm\/net\/resolve\/main\/model\.safetensors \(/,
    );
    expect(server.log).toEqual([]);
  });

  it("a copy serves where the network does not answer", async () => {
    await get();
    server.fault = (_, response) => !response.socket?.destroy().connecting;
    const file = await get();
    isWhole(file);
    expect(file?.isStale).toBe(true);
    await expect(get({ name: "config.json" })).rejects.toThrow(/cannot download .*config\.json: .*; the cache has /);
  });

  it("says where the cache cannot be written", async () => {
    writeFileSync(join(folder, "file"), "");
    env.cacheDir = join(folder, "file");
    await expect(get()).rejects.toThrow(/cannot write to the cache .*file: .*; OCELLI_CACHE or env\.cacheDir names another folder/);
  });
});
