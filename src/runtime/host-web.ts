import { WorkerError } from "../core/errors.js";
import type { Host, Thread, WorkerSource } from "./host.js";

/** Browsers and other runtimes with the web's `Worker`; without one, programs run in the caller's thread. */
export function webHost(): Host {
  const spawn = (source: WorkerSource): Thread => {
    const worker = start(source);
    let exited: ((reason: Error) => void) | undefined;
    worker.onerror = (event) => exited?.(new WorkerError(`a worker failed: ${event.message || whyNot(source)}`));
    return {
      post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
      onMessage: (listener) => worker.addEventListener("message", ({ data }) => listener(data)),
      onExit: (listener) => {
        exited = listener;
      },
      keepAlive: () => {},
      terminate: () => worker.terminate(),
    };
  };
  const isolated = typeof SharedArrayBuffer === "function" && (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;
  return {
    parallelism: globalThis.navigator?.hardwareConcurrency ?? 1,
    sharedMemory: isolated,
    spawn: typeof Worker === "function" ? spawn : undefined,
    moduleUrl,
    unpack,
  };
}

/** @throws {WorkerError} where the page's policy forbids it */
function start(source: WorkerSource): Worker {
  try {
    return new Worker("url" in source ? source.url : moduleUrl(source.text), { type: "module" });
  } catch (cause) {
    throw new WorkerError(`a worker did not start: ${whyNot(source)}`, { cause });
  }
}

/** What a browser does not tell: an error event of a worker that did not load is empty. */
function whyNot(source: WorkerSource): string {
  return "url" in source
    ? `its module did not load from ${source.url}; serve the package's worker.js there as JavaScript, from the page's own origin, and allow it by the Content-Security-Policy's worker-src`
    : "its module did not load; allow blob: by worker-src and script-src of the page's Content-Security-Policy, or serve the package's worker.js and call init({ workerUrl })";
}

async function unpack(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer());
}

function moduleUrl(source: string): string {
  return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
}
