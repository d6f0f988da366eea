import { WorkerError } from "../core/errors.js";
import type { Host, Thread, WorkerSource } from "./host.js";

/** Node's worker threads, reached without an import statement, so that bundles for browsers stay free of `node:` names. */
export function nodeHost(): Host {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const { URL: NodeURL } = process.getBuiltinModule("node:url");
  const { availableParallelism } = process.getBuiltinModule("node:os");

  const spawn = (source: WorkerSource): Thread => {
    const worker = new Worker(new NodeURL("url" in source ? source.url : moduleUrl(source.text)), { execArgv: [] });
    return {
      post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
      onMessage(listener) {
        worker.on("message", listener);
        worker.unref(); // listening alone would keep the process alive
      },
      onExit(listener) {
        let error: Error | undefined;
        worker.on("error", (reason) => {
          error = reason as Error;
        });
        worker.on("exit", (code) => listener(error ?? new WorkerError(`a worker thread ended with exit code ${code}`)));
      },
      keepAlive: (yes) => (yes ? worker.ref() : worker.unref()),
      terminate: () => void worker.terminate(),
    };
  };
  return { parallelism: availableParallelism(), sharedMemory: true, spawn, moduleUrl, unpack };
}

async function unpack(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(process.getBuiltinModule("node:zlib").inflateSync(Buffer.from(text, "base64")));
}

function moduleUrl(source: string): string {
  return `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`;
}
