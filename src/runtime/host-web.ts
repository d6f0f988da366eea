import { WorkerError } from "../core/errors.js";
import type { Host, Thread, WorkerSource } from "./host.js";

/** Browsers and other runtimes with the web's `Worker`; without one, programs run in the caller's thread. */
export function webHost(): Host {
  const spawn = (source: WorkerSource): Thread => {
    const worker = new Worker("url" in source ? source.url : moduleUrl(source.text), { type: "module" });
    let exited: ((reason: Error) => void) | undefined;
    worker.onerror = (event) =>
      exited?.(
        new WorkerError(`a worker failed: ${event.message || "its module did not load; does the page's Content-Security-Policy allow worker-src blob:?"}`),
      );
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

async function unpack(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer());
}

function moduleUrl(source: string): string {
  return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
}
