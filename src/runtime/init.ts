import { setWorkerUrl } from "./pool.js";

/**
 * Settings of the whole process or page; call before the first model is made.
 *
 * @param options.workerUrl where the worker's module is served, for pages whose Content-Security-Policy forbids workers
 * from blobs: the package's `ocelli/worker.js`
 */
export function init({ workerUrl }: { workerUrl?: string | URL }): void {
  if (workerUrl !== undefined) setWorkerUrl(workerUrl);
}
