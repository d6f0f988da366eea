import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { DataError, FormatError } from "../../src/core/errors.js";
import { type FileRange, readBytes } from "../../src/data/read.js";
import { TarShards } from "../../src/data/tar-shards.js";
import { tar } from "./make-tar.js";

/** Larger than the first request of a source, so that images are not in its answer. */
const filler = { path: "readme.txt", data: new Uint8Array(100_000) };
const shard = (n: number) =>
  tar([filler, ...["cat", "dog"].flatMap((label) => [1, 2].map((i) => ({ path: `${label}/${n}-${i}.jpg`, data: `${label} ${n} ${i}` })))]);
const shards = [shard(0), shard(1)];

const asked: string[] = [];
let changed = false;
const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const [, kind, n] = /^\/(ranges|whole)\/(\d)\.tar$/.exec(request.url as string) ?? [];
  const bytes = shards[Number(n)];
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  asked.push(`${request.url} ${range ? `${range[1]}+${Number(range[2]) - Number(range[1]) + 1}` : "whole"}`);
  if (!bytes) return response.writeHead(404).end();
  if (kind === "whole" || !range || changed) return response.writeHead(200).end(bytes);
  const [begin, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, bytes.length)];
  response.writeHead(206, { "content-range": `bytes ${begin}-${end - 1}/${bytes.length}` }).end(bytes.subarray(begin, end));
});
let site: string;
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  asked.length = 0;
  changed = false;
});

const contents = async (data: Awaited<ReturnType<typeof TarShards.open>>) =>
  Promise.all(Array.from({ length: data.length }, async (_, i) => new TextDecoder().decode(await readBytes((await data.item(i)).image as FileRange | Blob))));
const expected = ["cat 0 1", "cat 0 2", "cat 1 1", "cat 1 2", "dog 0 1", "dog 0 2", "dog 1 1", "dog 1 2"];

it("asks a server for each image by one request of its bytes alone", async () => {
  const data = await TarShards.open(`${site}/ranges/{0..1}.tar`);
  asked.length = 0;
  expect(await contents(data)).toEqual(expected);
  expect(asked).toHaveLength(8);
  for (const request of asked) expect(request).toMatch(/^\/ranges\/[01]\.tar \d+\+7$/);
});

it("fetches a shard once, as a whole, from a server that gives no parts", async () => {
  const data = await TarShards.open(`${site}/whole/{0..1}.tar`);
  expect(await contents(data)).toEqual(expected);
  expect(asked.map((request) => request.split(" ")[0])).toEqual(["/whole/0.tar", "/whole/1.tar"]);
});

it("names a shard that is not what it was, and one that is not there", async () => {
  const data = await TarShards.open(`${site}/ranges/{0..1}.tar`);
  changed = true;
  const { path } = (await data.item(0)).image as FileRange;
  const error = await contents(data).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(FormatError);
  expect(error.message).toMatch(/^expected bytes \d+-\d+\/, got nothing with status 200: the file changed while it was read/);
  await expect(readBytes({ path, offset: 2 ** 40, length: 5 })).rejects.toThrow(FormatError);
  await expect(TarShards.open(`${site}/ranges/{1..2}.tar`)).rejects.toThrow(DataError);
});
