import { type BinarySources, takeBinariesFrom } from "./binaries.js";
import { type BuildChoice, preferBuild } from "./choose-build.js";
import { setWorkerUrl } from "./pool.js";
import { workersBringScripts } from "./scripts.js";

/** Settings of the whole process or page. `module`, `url` and `bytes` are for hosts where the package's own scripts do not bring its WebAssembly. */
export interface InitOptions extends BinarySources {
  /**
   * Where the worker's module is served, for pages whose Content-Security-Policy forbids workers and scripts from blobs: the package's
   * `ocelli/worker.js`, one file that needs no other, of the page's own origin.
   */
  readonly workerUrl?: string | URL;
  /** Kernels of models that do not name a build, instead of the environment's OCELLI_BUILD or `auto`. */
  readonly build?: BuildChoice;
}

/**
 * Call before the first model is made.
 *
 * @throws {ArgumentError} for a name that is no build or no binary
 */
export function init(options: InitOptions): void {
  takeBinariesFrom(options);
  if (options.build !== undefined) preferBuild(options.build);
  if (options.workerUrl !== undefined) {
    setWorkerUrl(options.workerUrl);
    workersBringScripts();
  }
}
