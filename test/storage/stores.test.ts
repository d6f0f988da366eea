import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it, vi } from "vitest";
import { ArgumentError, DataError, StorageError } from "../../src/core/errors.js";
import { keepPrevious, type ReadableStore, type WritableStore } from "../../src/core/file-store.js";
import { openSource } from "../../src/core/source.js";
import { openSafetensors, saveSafetensors } from "../../src/formats/safetensors/index.js";
import { stored } from "../../src/storage/browser-error.js";
import { downloads, files, http, indexedDb, memory, opfs } from "../../src/storage/index.js";
import { loadModel } from "../../src/zoo/load-model.js";
import { Trainer } from "../../src/train/trainer.js";
import { tinyCnn, tinyData } from "../train/tiny.js";
import "../harness/kernels.js"; // Lets Node 20 run relaxed SIMD.
import { suite } from "./suite.js";

const folder = mkdtempSync(join(tmpdir(), "ocelli-storage-"));
afterAll(() => rmSync(folder, { recursive: true }));

const inMemory = memory();
describe.each([
  ["files", { open: () => files(pathToFileURL(join(folder, "suite"))) }],
  ["memory", { open: () => inMemory }],
])("%s", (_, subject) => {
  it.each(suite)("$name", ({ run }) => run(subject));
});

describe("files", () => {
  it.skipIf(process.platform === "win32")("says that the disk is full, and keeps the file before", async () => {
    const place = join(folder, "full");
    await files(place).write("f", [Uint8Array.of(1)]);
    const script = `
      import { files } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../src/storage/files-node.ts")).href)};
      const error = await files(process.argv[1]).write("f", [new Uint8Array(2e6)]).catch((error) => error);
      console.log(JSON.stringify([error.name, error.code, error.isFull, error.message]));`;
    const command = `ulimit -f 1000; exec "$0" --import tsx --input-type=module -e "$1" "$2"`;
    const writer = spawn("bash", ["-c", command, process.execPath, script, place], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    writer.stdout.on("data", (text) => {
      said += text;
    });
    await once(writer, "close");
    expect(JSON.parse(said)).toEqual(["StorageError", "ERR_STORAGE", true, `cannot write ${join(place, "f")}: it is larger than files may be`]);
    expect(readFileSync(join(place, "f"))).toEqual(Buffer.of(1));
    expect(readdirSync(place)).toEqual(["f"]);
  });

  it("says what is in the way", async () => {
    writeFileSync(join(folder, "file"), "");
    const error = await files(join(folder, "file"))
      .write("f", [])
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ isFull: false, message: expect.stringMatching(/^cannot write .*file.f: /) });
  });
});

describe("http", () => {
  it("reads files below a URL in parts, and knows what is not there", async () => {
    const content = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, i) => i));
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers.range}`);
      if (request.url !== "/models/a%20b/%E5%AF%B8.bin") return response.writeHead(404).end();
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
      response.writeHead(206, { "content-range": `bytes ${from}-${to}/${content.length}` }).end(content.subarray(Number(from), Number(to) + 1));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const store = http(`http://127.0.0.1:${(server.address() as AddressInfo).port}/models`);
    expect(await store.open("nothing")).toBeUndefined();
    await expect(openSource({ store, name: "nothing" })).rejects.toThrow(new DataError(`cannot open nothing: there is no such file in ${store.place}`));
    const source = await openSource({ store, name: "a b/寸.bin" });
    expect([source.size, ...(await source.read(100_000, 3))]).toEqual([200_000, 160, 161, 162]);
    expect(asked.slice(-2)).toEqual(["/models/a%20b/%E5%AF%B8.bin bytes=0-65535", "/models/a%20b/%E5%AF%B8.bin bytes=100000-100002"]);
    await expect(store.open("../secret")).rejects.toThrow(ArgumentError);
    server.close();
  });
});

it.each([
  ["OPFS", () => opfs().write("f", []), "OPFS: expected navigator.storage.getDirectory, which browsers have in pages over https and on localhost"],
  ["IndexedDB", () => indexedDb().write("f", []), "IndexedDB: expected indexedDB, which browsers have"],
  ["downloads", () => downloads().write("f", []), "cannot download f: expected a page, which workers and servers have none of"],
])("where there is no %s, that is said", async (_, work, message) => {
  await expect(work()).rejects.toThrow(new StorageError(message));
});

it.each([
  [{ usage: 9.5e6, quota: 10e6 }, ": 9.5 of 10.0 MB are used"],
  [{ usage: 1e6, quota: 10e9 }, ""], // what Chromium says to every page
  [undefined, ""],
])("where the browser's quota %j is full, that is said", async (estimate, used) => {
  vi.stubGlobal("navigator", { storage: { estimate: async () => estimate } });
  const cause = new DOMException("", "QuotaExceededError");
  const message = `cannot write f: what the browser lets this page keep is full${used}`;
  await expect(stored(Promise.reject(cause), "cannot write f")).rejects.toMatchObject({ name: "StorageError", isFull: true, message, cause });
  vi.unstubAllGlobals();
});

describe("keepPrevious", () => {
  it("reads and writes where a store cannot copy", async () => {
    const { copy: _, ...plain } = memory();
    const file = { store: plain, name: "f" };
    await keepPrevious(file);
    expect(await plain.list()).toEqual([]);
    await plain.write("f", [Uint8Array.of(1, 2)]);
    await keepPrevious(file);
    await plain.write("f", [Uint8Array.of(3)]);
    const source = await openSource({ store: plain, name: "f.previous" });
    expect([...(await source.read(0, 2))]).toEqual([1, 2]);
  });
});

describe("a stranger's adapter of two functions", () => {
  /** As one for a service of objects would be: whole values under keys. */
  const objects = new Map<string, Blob>();
  const service: ReadableStore & WritableStore = {
    place: "the object service",
    open: async (name) => objects.get(name),
    async write(name, chunks) {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of chunks) parts.push(new Uint8Array(chunk));
      objects.set(name, new Blob(parts));
    },
  };

  it("takes models, gives them, and trains on where it stopped, to the same bits", async () => {
    const data = { train: tinyData(8, { channels: 1 }) };
    const options = { epochs: 3, batchSize: 4, lr: 0.01, seed: 2 };
    const whole = await tinyCnn({ seed: 1 });
    await new Trainer(whole, data, options).fit();

    const checkpoint = { store: service, name: "run/checkpoint" };
    const stop = new AbortController();
    const onProgress = ({ step }: { step: number }) => step === 3 && stop.abort(new Error("enough"));
    const first = await tinyCnn({ seed: 1 });
    await expect(new Trainer(first, data, { ...options, checkpoint, signal: stop.signal, onProgress }).fit()).rejects.toThrow("enough");
    expect([...objects.keys()]).toEqual(["run/checkpoint", "run/checkpoint.previous"]);
    const second = await tinyCnn({ seed: 7 });
    await (await new Trainer(second, data, options).resume(checkpoint)).fit();
    expect(Buffer.compare(await second.save(), await whole.save())).toBe(0);

    await second.save({ store: service, name: "model.safetensors" });
    const loaded = await loadModel({ store: service, name: "model.safetensors" }, { inline: true, build: "simd" });
    expect(Buffer.compare(await loaded.save(), await whole.save())).toBe(0);
    await second.save({ store: service, name: "model.onnx" });
    const imported = await loadModel({ store: service, name: "model.onnx" }, { inline: true, build: "simd" });
    expect(imported.labels).toEqual(whole.labels);
    for (const model of [whole, first, second, loaded, imported]) model.close();
  });

  it("a save that is aborted leaves what was there", async () => {
    const model = await tinyCnn();
    const before = objects.get("model.safetensors");
    const signal = AbortSignal.abort(new Error("not now"));
    await expect(model.save({ store: service, name: "model.safetensors" }, { signal })).rejects.toThrow("not now");
    expect(objects.get("model.safetensors")).toBe(before);
    model.close();
  });

  it("names the file and the place where it is not there", async () => {
    const nothing = { store: service, name: "nothing" };
    for (const work of [loadModel(nothing, { inline: true }), openSafetensors(nothing)])
      await expect(work).rejects.toThrow(new DataError("cannot open nothing: there is no such file in the object service"));
  });
});

it("safetensors files go to stores and come out of them", async () => {
  const store = memory();
  const weight = { name: "weight", dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } as const;
  await saveSafetensors({ store, name: "a/b" }, [weight], {}, { sha256: true });
  const file = await openSafetensors({ store, name: "a/b" });
  expect([...(await file.readFloat32("weight"))]).toEqual([1, 2]);
});
