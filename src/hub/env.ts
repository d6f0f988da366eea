import { variable } from "../core/environment.js";

/** Where weights by name come from, and where they are kept. Change by assignment before the call that it is for. */
export interface Environment {
  /** Origin of the hub or of a mirror (default the environment's HF_ENDPOINT, else `https://huggingface.co`). */
  remoteHost: string;
  /** Path of a file below it (default `{repo}/resolve/{revision}/{file}`). */
  remotePath: string;
  /** Whether anything is asked of the network; where not, only the cache serves (default true, false with OCELLI_OFFLINE=1 or HF_HUB_OFFLINE=1). */
  allowRemote: boolean;
  /** Folder of downloaded files, where there are folders (default OCELLI_CACHE, else `ocelli` in XDG_CACHE_HOME or `~/.cache`). */
  cacheDir: string | undefined;
  /** Attempts in a row that bring nothing, after which a download is given up (default 5, in 8 seconds). */
  attempts: number;
  /** For private and gated repositories; sent to the origin of `remoteHost` and nowhere else (default HF_TOKEN). */
  token: string | undefined;
}

const isSet = (name: string) => /^(1|on|true|yes)$/i.test(variable(name) ?? "");

export const env: Environment = {
  remoteHost: variable("HF_ENDPOINT") ?? "https://huggingface.co",
  remotePath: "{repo}/resolve/{revision}/{file}",
  allowRemote: !isSet("OCELLI_OFFLINE") && !isSet("HF_HUB_OFFLINE"),
  cacheDir: variable("OCELLI_CACHE"),
  attempts: 5,
  token: variable("HF_TOKEN"),
};
