import { files, indexedDb, opfs } from "ocelli/storage";
import { suite } from "./storage-suite.js";
import { webCache } from "./web-cache.js";

const folder = "cells";
const open = { files, webCache: () => webCache(folder), opfs: () => opfs(folder), indexedDb: () => indexedDb(folder) };
const forever = () => new Promise(() => {});

async function read(store, name) {
  const found = await store.open(name);
  if (found instanceof Blob) return found.text();
  const bytes = await found.read(0, found.size);
  await found.close();
  return new TextDecoder().decode(bytes);
}

const write = (store, name, text) => store.write(name, [new TextEncoder().encode(text)]);

/** Megabytes that do not compress. */
async function* noise(megabytes, between = async () => {}) {
  const chunk = new Uint8Array(2 ** 20);
  for (let i = 0; i < megabytes; i++) {
    for (let at = 0; at < chunk.length; at += 65_536) crypto.getRandomValues(chunk.subarray(at, at + 65_536));
    yield chunk;
    await between(i);
  }
}

/** Whether there is more than the file itself. */
const hasMore = {
  async opfs() {
    const names = [];
    for await (const [name] of await (await navigator.storage.getDirectory()).getDirectoryHandle(folder)) names.push(name);
    return names.join() !== "kept";
  },
  async indexedDb() {
    const database = await settled(indexedDB.open(folder));
    const transaction = database.transaction(["pieces", "unfinished"]);
    const [pieces, unfinished] = await Promise.all(["pieces", "unfinished"].map((name) => settled(transaction.objectStore(name).count())));
    database.close();
    return pieces !== 1 || unfinished !== 0;
  },
};

const settled = (request) =>
  new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });

const tasks = {
  /** The cases of the shared suite that pass. */
  async suite(name, { folder: place }) {
    for (const { name: title, run } of suite) {
      await run({ open: () => open[name](place), megabytes: 12 }).catch((cause) => {
        throw new Error(`${name}: ${title}: ${cause.name}: ${cause.message}`, { cause });
      });
    }
    return suite.length;
  },

  /** Comes into the middle of a write and stays there. */
  writeOn: (name) =>
    new Promise((reached, fail) => {
      const store = open[name]();
      const between = async (chunk) => {
        if (chunk < 5) return;
        reached();
        await forever();
      };
      write(store, "kept", "before")
        .then(() => store.write("kept", noise(10, between)))
        .catch(fail);
    }),

  async recover(name) {
    const store = open[name]();
    const found = { content: await read(store, "kept"), list: await store.list(), left: await hasMore[name]() };
    await write(store, "kept", "after");
    return { ...found, leftAfterWrite: await hasMore[name]() };
  },

  /** Writes more than the browser gives. */
  async fill(name) {
    const store = open[name]();
    await write(store, "kept", "before");
    const error = await store.write("kept", noise(40)).catch((error) => error);
    const content = await read(store, "kept");
    await write(store, "other", "small");
    return { name: error?.name, isFull: error?.isFull, message: error?.message, content, after: await read(store, "other") };
  },
};

/** Does a task with each of the stores; with `insecureHost` in this page there. `milestone` is fetched before the work is to fail, or once it has come to where it is to be killed. */
export default async function storage({ task, stores, milestone, insecureHost, ...input }) {
  if (insecureHost && isSecureContext) {
    location.host = `${insecureHost}:${location.port}`;
    await forever();
  }
  const results = {};
  if (task === "fill") await fetch(milestone);
  for (const name of stores) results[name] = await tasks[task](name, input);
  if (task === "writeOn") {
    await fetch(milestone);
    await forever();
  }
  return results;
}
