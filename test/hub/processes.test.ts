import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniform } from "../zoo/recipe.js";
import { HubServer, sha256Of } from "./server.js";

const content = new Uint8Array(new Float32Array(uniform(2, 500_000)).buffer); // 2 MB
let server: HubServer;
let folder: string;
beforeAll(async () => {
  server = await HubServer.start();
  server.put("a/net", { "model.safetensors": content });
  folder = mkdtempSync(join(tmpdir(), "ocelli-processes-"));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function download(): { child: ChildProcess; done: Promise<string> } {
  const env = { ...process.env, HF_ENDPOINT: server.origin, OCELLI_CACHE: folder };
  const child = spawn(process.execPath, [resolve("dist/cli/main.js"), "download", "hf-hub:a/net"], { env });
  let text = "";
  child.stdout.on("data", (data) => (text += data));
  child.stderr.on("data", (data) => (text += data));
  return { child, done: new Promise((done) => child.on("close", (code) => done(`${code} ${text.trim().split("\n").at(-1)}`))) };
}

const path = () => join(folder, "files", sha256Of(content), "model.safetensors");
const unfinished = () => readdirSync(join(folder, "unfinished"));
const isWhole = () => expect(readFileSync(path()).equals(content)).toBe(true);

it("two processes download the same file at once, and one goes on where another was killed", async () => {
  // Nobody gets the second half before both have come for the first.
  let waiting: (() => void)[] = [];
  server.storeFault = (request, response) => {
    if (request.method !== "GET") return false;
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, 1_000_000));
    waiting.push(() => response.end(content.subarray(1_000_000)));
    if (waiting.length === 2) for (const go of waiting) go();
    return true;
  };
  const ends = await Promise.all([download().done, download().done]);
  expect(ends).toEqual([`0 ${path()}`, `0 ${path()}`]);
  isWhole();
  expect(unfinished()).toEqual([]);

  rmSync(folder, { recursive: true });
  waiting = [];
  const { child, done } = download();
  await expect.poll(() => waiting.length && statSync(join(folder, "unfinished", unfinished()[0])).size, { timeout: 60_000 }).toBe(1_000_000);
  child.kill("SIGKILL");
  await done;
  expect(readdirSync(folder)).toEqual(["unfinished"]);
  const [left] = unfinished();
  const minuteAgo = Date.now() / 1000 - 61; // as long as nobody has written since
  utimesSync(join(folder, "unfinished", left), minuteAgo, minuteAgo);
  server.reset();
  expect(await download().done).toBe(`0 ${path()}`);
  expect(server.log.at(-1)?.headers.range).toBe("bytes=1000000-");
  isWhole();
  expect(unfinished()).toEqual([]);
});
