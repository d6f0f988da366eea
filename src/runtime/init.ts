import { type BuildChoice, preferBuild } from "./choose-build.js";
import { setWorkerUrl } from "./pool.js";

/**
 * Settings of the whole process or page; call before the first model is made.
 *
 * @param options.workerUrl where the worker's module is served, for pages whose Content-Security-Policy forbids workers
 * from blobs: the package's `ocelli/worker.js`
 * @param options.build kernels of models that do not name a build, instead of the environment's OCELLI_BUILD or `auto`
 * @throws {ArgumentError} for a name that is no build
 */
export function init({ workerUrl, build }: { workerUrl?: string | URL; build?: BuildChoice }): void {
  if (build !== undefined) preferBuild(build);
  if (workerUrl !== undefined) setWorkerUrl(workerUrl);
}
