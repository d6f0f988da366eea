import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { FileStore } from "../../src/core/file-store.js";

/** As much of a browser's origin private file system as writing needs; counts how often a folder's names are read. In real browsers the shared suite runs. */
class Folder {
  readonly kind = "directory";
  readonly entries = new Map<string, Folder | FileSystemFileHandle>();
  timesRead = 0;

  async getDirectoryHandle(name: string): Promise<Folder> {
    const found = (this.entries.get(name) as Folder | undefined) ?? new Folder();
    this.entries.set(name, found);
    return found;
  }

  async getFileHandle(name: string): Promise<FileSystemFileHandle> {
    const handle = {
      kind: "file",
      createWritable: async () => ({ write: async () => {}, close: async () => {}, abort: async () => {} }),
      move: async (to: string) => {
        this.entries.delete(name);
        this.entries.set(to, handle);
      },
    } as unknown as FileSystemFileHandle;
    this.entries.set(name, handle);
    return handle;
  }

  async removeEntry(name: string): Promise<void> {
    this.entries.delete(name);
  }

  async *[Symbol.asyncIterator]() {
    this.timesRead++;
    yield* this.entries;
  }
}

/** Locks of all tabs. */
const held = new Set<string>();
async function request(name: string, ...rest: unknown[]): Promise<unknown> {
  const work = rest.at(-1) as (lock: object | null) => Promise<unknown>;
  if (held.has(name)) return work(null);
  held.add(name);
  return work({ name }).finally(() => held.delete(name));
}

let opfs: (folder: string) => FileStore;
const root = new Folder();
beforeAll(async () => {
  vi.stubGlobal("navigator", { storage: { getDirectory: async () => root }, locks: { request } });
  ({ opfs } = await import("../../src/storage/opfs.js")); // it looks for locks once
});
afterAll(() => vi.unstubAllGlobals());

it("a store reads a folder's names once, however many files it writes there", async () => {
  const store = opfs("images");
  await Promise.all(Array.from({ length: 8 }, (_, i) => store.write(`${i}`, [Uint8Array.of(i)])));
  for (let i = 8; i < 200; i++) await store.write(`${i}`, [Uint8Array.of(i)]);
  for (let i = 0; i < 20; i++) await store.write(`below/${i}`, [Uint8Array.of(i)]);
  const folder = await root.getDirectoryHandle("images");
  const below = await folder.getDirectoryHandle("below");
  expect([folder.timesRead, below.timesRead]).toEqual([1, 1]); // before list() reads them
  expect((await store.list()).length).toBe(220);
});

it("what a crashed tab left goes with the next store's first write, what another tab writes now stays", async () => {
  const folder = await root.getDirectoryHandle("shared");
  for (const name of ["crashed.tmp", "crashed.tmp.crswap", "other.tmp", "whole"]) await folder.getFileHandle(name);
  held.add("ocelli: other.tmp");
  const store = opfs("shared");
  expect(await store.list()).toEqual(["whole"]);
  await store.write("new", [Uint8Array.of(1)]);
  expect([...folder.entries.keys()].sort()).toEqual(["new", "other.tmp", "whole"]);
  held.delete("ocelli: other.tmp"); // that tab crashed
  await opfs("shared").write("newer", [Uint8Array.of(1)]);
  expect([...folder.entries.keys()].sort()).toEqual(["new", "newer", "whole"]);
});
