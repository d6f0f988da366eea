/**
 * What every store must do, for any runtime: vitest runs it on the file system and on memory, a page on OPFS and IndexedDB.
 * It needs nothing but the store.
 */
import type { FileStore } from "../../src/core/file-store.js";
import { openSource } from "../../src/core/source.js";

export interface Subject {
  /** A new object for the same place: what one keeps, the other finds. */
  open(): FileStore;
  /** Of the large file, in MB (default 32). */
  readonly megabytes?: number;
}

export interface Case {
  readonly name: string;
  run(subject: Subject): Promise<void>;
}

const text = new TextEncoder();

function fail(message: string): never {
  throw new Error(message);
}

function equal(found: unknown, expected: unknown, what: string): void {
  const [left, right] = [found, expected].map((value) => JSON.stringify(value));
  if (left !== right) fail(`${what}: expected ${right}, found ${left}`);
}

async function read(store: FileStore, name: string): Promise<string | undefined> {
  const found = await store.open(name);
  if (found === undefined) return undefined;
  const source = await openSource(found);
  const bytes = await source.read(0, source.size);
  await source.close();
  return new TextDecoder().decode(bytes);
}

async function rejection(work: Promise<unknown>, what: string): Promise<Error> {
  return work.then(
    () => fail(`${what}: expected an error`),
    (error: Error) => error,
  );
}

const write = (store: FileStore, name: string, content: string) => store.write(name, [text.encode(content)]);

async function empty({ open }: Subject): Promise<FileStore> {
  const store = open();
  for (const name of await store.list()) await store.remove(name);
  return store;
}

/** Chunks of uneven sizes out of one buffer, which is overwritten in between; every byte follows from its place. */
async function* manyChunks(total: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(3 * 2 ** 20 + 7);
  for (let at = 0, turn = 0; at < total; turn++) {
    const length = Math.min(total - at, turn % 3 === 0 ? 1 : turn % 3 === 1 ? 1000 + turn : buffer.length);
    for (let i = 0; i < length; i++) buffer[i] = byteAt(at + i);
    yield buffer.subarray(0, length);
    buffer.fill(0);
    at += length;
  }
}

const byteAt = (at: number) => (Math.imul(at, 2654435761) >>> 24) ^ (at & 255);

/** A good start, then an error. */
async function* broken(error: Error): AsyncGenerator<Uint8Array> {
  yield text.encode("half of it");
  yield new Uint8Array(2 ** 21);
  throw error;
}

const badNames = [
  "",
  "/",
  "a//b",
  "/a",
  "a/",
  ".",
  "..",
  "a/../b",
  "../a",
  "a/.",
  "a\\b",
  "C:a",
  "a\0b",
  "a\nb",
  "a*",
  "a.",
  "a ",
  "\ud800",
  "x.tmp",
  "a.CRSWAP",
];
const longest = "é".repeat(100);
const goodNames = [
  "a",
  "A b",
  ".hidden",
  "...x",
  "model.safetensors",
  "a/b",
  "deep/er/and/deeper",
  "Größe 寸法 😀.bin",
  "%2e%2e",
  "a'b&c=d#e",
  "__proto__",
  "con",
  longest,
];

export const suite: readonly Case[] = [
  {
    name: "a name that nobody wrote is not there, and can be removed",
    async run(subject) {
      const store = await empty(subject);
      equal(await store.open("nothing"), undefined, "open");
      equal(await store.open("no/folder/either"), undefined, "open in a folder");
      await store.remove("nothing");
      await store.remove("no/folder/either");
      equal(await store.list(), [], "list");
      equal(typeof store.place, "string", "place");
    },
  },
  {
    name: "keeps what is written, in chunks of any size, and finds it through another object",
    async run(subject) {
      const store = await empty(subject);
      await store.write("one", [text.encode("a"), new Uint8Array(0), text.encode("bc"), text.encode("")]);
      await store.write("empty", []);
      const other = subject.open();
      equal(await read(other, "one"), "abc", "content");
      equal(await read(other, "empty"), "", "content of an empty file");
      equal(await other.list(), ["empty", "one"], "list");
      const source = await openSource((await other.open("one")) ?? fail("it is not there"));
      equal(source.size, 3, "size");
      equal([...(await source.read(1, 1))], [98], "a part");
      equal((await rejection(source.read(2, 2), "past the end")).name, "FormatError", "past the end");
      await source.close();
    },
  },
  {
    name: "replaces a file by a longer and by a shorter one, and removes it",
    async run(subject) {
      const store = await empty(subject);
      for (const content of ["first", "the second, longer", "3"]) {
        await write(store, "f", content);
        equal(await read(store, "f"), content, "content");
      }
      await store.remove("f");
      equal(await read(store, "f"), undefined, "removed");
      equal(await store.list(), [], "list");
    },
  },
  {
    name: "refuses names that are no names, wherever they are given",
    async run(subject) {
      const store = await empty(subject);
      for (const name of [...badNames, `${longest}x`]) {
        const what = JSON.stringify(name.slice(0, 30));
        for (const work of [store.open(name), store.remove(name), write(store, name, "x")]) equal((await rejection(work, what)).name, "ArgumentError", what);
        if (store.copy) equal((await rejection(store.copy("a", name), what)).name, "ArgumentError", what);
      }
      equal(await store.list(), [], "list");
    },
  },
  {
    name: "keeps names in any writing apart, and lists them by prefix",
    async run(subject) {
      const store = await empty(subject);
      const names = goodNames.filter((name) => name !== "a");
      for (const name of names) await write(store, name, `content of ${name}`);
      for (const name of names) equal(await read(store, name), `content of ${name}`, name);
      equal(await store.list(), [...names].sort(), "list");
      equal(await store.list("deep/"), ["deep/er/and/deeper"], "list of a folder");
      equal(await store.list("a"), ["a'b&c=d#e", "a/b"], "list by prefix");
      equal(await store.list("zzz"), [], "list of nothing");
    },
  },
  {
    name: "a name that is also a folder's is kept or refused, and nothing is lost",
    async run(subject) {
      const store = await empty(subject);
      await write(store, "both", "file");
      const refusal = await write(store, "both/below", "below").then(
        () => undefined,
        (error: Error) => error,
      );
      if (refusal) equal(refusal.name, "StorageError", "refusal");
      equal(await read(store, "both/below"), refusal ? undefined : "below", "both/below");
      equal(await read(store, "both"), "file", "both");
    },
  },
  {
    name: "an error of the chunks passes through, and the file before stays",
    async run(subject) {
      const store = await empty(subject);
      await write(store, "f", "before");
      const error = new Error("the tensor is gone");
      for (const name of ["f", "new"]) if ((await rejection(store.write(name, broken(error)), name)) !== error) fail(`${name}: expected the error itself`);
      equal(await read(store, "f"), "before", "content");
      equal(await read(store, "new"), undefined, "a file that never was");
      equal(await store.list(), ["f"], "list");
      await write(store, "f", "after");
      equal(await read(store, "f"), "after", "content");
    },
  },
  {
    name: "a signal that aborts on the way leaves the file before",
    async run(subject) {
      const { until } = await import("../../src/core/chunks.js");
      const store = await empty(subject);
      await write(store, "f", "before");
      const stop = new AbortController();
      async function* chunks() {
        yield text.encode("new");
        stop.abort();
        yield text.encode("never");
      }
      equal((await rejection(store.write("f", until(stop.signal, chunks())), "write")).name, "AbortError", "error");
      equal(await read(store, "f"), "before", "content");
      equal(await store.list(), ["f"], "list");
    },
  },
  {
    name: "of writers at the same time one wins, whole; nobody sees a part",
    async run(subject) {
      const store = await empty(subject);
      const contents = Array.from({ length: 6 }, (_, i) => String(i).repeat(100_000 * (i + 1)));
      async function* slowly(content: string) {
        for (let at = 0; at < content.length; at += 50_000) {
          await new Promise((next) => setTimeout(next, 1));
          yield text.encode(content.slice(at, at + 50_000));
        }
      }
      await write(store, "f", contents[0]);
      let isOver = false;
      const writing = Promise.all(contents.map((content) => subject.open().write("f", slowly(content)))).finally(() => {
        isOver = true;
      });
      writing.catch(() => {});
      while (!isOver) {
        const found = await read(store, "f").catch((error: Error) => (error.name === "FormatError" ? contents[0] : fail(`${error.name}: ${error.message}`)));
        if (!contents.includes(found ?? "nothing")) fail(`a reader found ${found?.length ?? "no"} bytes: ${found?.slice(0, 20)}`);
        await new Promise((next) => setTimeout(next, 2));
      }
      await writing;
      if (!contents.includes((await read(store, "f")) as string)) fail("the end is none of what was written");
      equal(await store.list(), ["f"], "list");
    },
  },
  {
    name: "a source that is open while its file is replaced gives the old bytes or a FormatError, no mixture",
    async run(subject) {
      const store = await empty(subject);
      await write(store, "f", "old ".repeat(600_000));
      const source = await openSource((await store.open("f")) ?? fail("it is not there"));
      await write(store, "f", "new ".repeat(600_000));
      const found = await source.read(1_200_000, 4).then(
        (bytes) => new TextDecoder().decode(bytes),
        (error: Error) => error.name,
      );
      if (!["old ", "FormatError"].includes(found)) fail(`found ${found}`);
      await source.close();
    },
  },
  {
    name: "keeps a large file out of uneven chunks that share a buffer, and reads any part of it",
    async run(subject) {
      const store = await empty(subject);
      const size = (subject.megabytes ?? 32) * 2 ** 20 + 12_345;
      await store.write("large", manyChunks(size));
      const source = await openSource((await store.open("large")) ?? fail("it is not there"));
      equal(source.size, size, "size");
      const length = 5 * 2 ** 20 + 3;
      for (let at = 0; at < size; at += length) {
        const bytes = await source.read(at, Math.min(length, size - at));
        for (let i = 0; i < bytes.length; i++) if (bytes[i] !== byteAt(at + i)) fail(`byte ${at + i} is ${bytes[i]}, expected ${byteAt(at + i)}`);
      }
      equal([...(await source.read(2 ** 20 - 1, 2))], [byteAt(2 ** 20 - 1), byteAt(2 ** 20)], "across a piece's end");
      await source.close();
      await store.remove("large");
    },
  },
  {
    name: "a copy is a file of its own",
    async run(subject) {
      const store = await empty(subject);
      if (!store.copy) return;
      equal(await store.copy("f", "g"), false, "copy of nothing");
      await write(store, "f", "one");
      equal(await store.copy("f", "g"), true, "copy");
      equal(await store.copy("f", "g"), true, "copy again");
      await write(store, "f", "two");
      equal([await read(store, "f"), await read(store, "g")], ["two", "one"], "contents");
      equal(await store.copy("f", "g"), true, "copy over another");
      equal(await store.copy("f", "sub/g"), true, "copy to a folder");
      await store.remove("f");
      equal([await read(store, "g"), await read(store, "sub/g")], ["two", "two"], "contents");
      equal(await store.list(), ["g", "sub/g"], "list");
    },
  },
];
