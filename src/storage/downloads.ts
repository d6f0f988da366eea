import type { Chunks } from "../core/chunks.js";
import { StorageError } from "../core/errors.js";
import { type WritableStore, partsOf } from "../core/file-store.js";
import { stored } from "./browser-error.js";

/** Milliseconds that a browser has to begin with a file before its URL ends; it may ask the user first. */
const patience = 60_000;

/**
 * Files that the browser saves where its user saves downloads, under the last part of their name. To be used in a page: in a click, where
 * the browser asks for one.
 */
export function downloads(): WritableStore {
  return {
    place: "the browser's downloads",
    async write(name, chunks) {
      const file = partsOf(name).at(-1) as string;
      if (!globalThis.document) throw new StorageError(`cannot download ${name}: expected a page, which workers and servers have none of`);
      // The body of a Response becomes a Blob on disk where it is large.
      const { stream, failure } = streamOf(chunks);
      const content = await stored(new Response(stream).blob(), `cannot download ${name}`).catch((error) => {
        throw failure() ?? error;
      });
      const url = URL.createObjectURL(content);
      const link = Object.assign(document.createElement("a"), { href: url, download: file });
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), patience);
    },
  };
}

/** Chunks as a stream, and the error that they ended with: not every browser passes it on. */
function streamOf(chunks: Chunks): { stream: ReadableStream<Uint8Array>; failure(): unknown } {
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  let failure: unknown;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value.slice());
      } catch (error) {
        failure = error;
        throw error;
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  return { stream, failure: () => failure };
}
