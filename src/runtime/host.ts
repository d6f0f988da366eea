import { hasNode } from "../core/environment.js";

/** What the engine needs of the runtime around it: threads, and how many. One file per kind of runtime. */
export interface Host {
  /** Cores that may work at once. */
  readonly parallelism: number;
  /** Whether threads can share one memory (SharedArrayBuffer; in browsers only on cross-origin isolated pages). */
  readonly sharedMemory: boolean;
  /** Starts a thread from the text of an ES module or, where a page's policy forbids that, from a URL; absent where there are none. */
  readonly spawn?: (source: WorkerSource) => Thread;
  /** An address under which a thread can `import()` the text of an ES module. */
  moduleUrl(source: string): string;
  /** The bytes that a text stands for: base64 of zlib's format. */
  unpack(text: string): Promise<Uint8Array<ArrayBuffer>>;
}

export type WorkerSource = { readonly text: string } | { readonly url: string | URL };

export interface Thread {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once when the thread is gone, whatever the reason. */
  onExit(listener: (reason: Error) => void): void;
  /** Whether the thread keeps the process alive. */
  keepAlive(yes: boolean): void;
  terminate(): void;
}

let current: Promise<Host> | undefined;

/** The host that this code runs in. */
export function host(): Promise<Host> {
  current ??= hasNode ? import("./host-node.js").then(({ nodeHost }) => nodeHost()) : import("./host-web.js").then(({ webHost }) => webHost());
  return current;
}
