import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { start } from "./child.js";
import { findPrograms } from "./find-programs.js";
import { linkModules } from "./link-modules.js";
import { outcomePath, runReporting } from "./reported.js";
import { type Job, outcomeSource, type Runtime } from "./runtime.js";

/** Cloudflare's runtime, without Cloudflare: one thread, and nothing is compiled at run time. `flags` that are not V8's are compatibility flags. */
export const workerd: Runtime = {
  name: "workerd",
  threads: false,
  find: (projects) => findPrograms({ names: ["workerd"], variable: "WORKERD", projects }),
  run: ({ path, version }, job, options = {}) =>
    runReporting(
      `workerd ${version}`,
      {
        served: job.project,
        async start(origin, folder) {
          await writeWorker(folder, job, { origin, version, flags: options.flags ?? [] });
          return start(path, ["test", "worker.capnp"], { cwd: folder, environment: options.environment });
        },
      },
      options,
    ),
};

/** A worker whose test is the job, and a configuration with all modules that it may import. @param worker.version the day whose behaviour it has: the newest that this workerd knows */
async function writeWorker(folder: string, job: Job, worker: { origin: string; version: string; flags: readonly string[] }): Promise<void> {
  const { origin, version, flags } = worker;
  const [v8Flags, compatibilityFlags] = [true, false].map((v8) =>
    flags
      .filter((flag) => flag.startsWith("--") === v8)
      .map(quoted)
      .join(", "),
  );
  const main = `${outcomeSource}export default {
  async test() {
    const outcome = await outcomeOf(() => import(${JSON.stringify(`./${job.module}`)}), ${JSON.stringify(job.input ?? null)}, { base: ${JSON.stringify(`${origin}/`)} });
    await fetch(${JSON.stringify(origin + outcomePath)}, { method: "POST", body: JSON.stringify(outcome) });
  },
};
`;
  await writeFile(join(folder, "main.js"), main);
  const modules = [`(name = "ocelli-job.js", esModule = embed "main.js")`];
  for (const [i, module] of linkModules(job.project, job.module, ["workerd", "worker", "browser", "import"]).entries()) {
    const file = `${i}.module`;
    if ("script" in module) await writeFile(join(folder, file), module.script);
    else await copyFile(module.wasm, join(folder, file));
    modules.push(`(name = ${quoted(module.path)}, ${"script" in module ? "esModule" : "wasm"} = embed "${file}")`);
  }
  const configuration = `using Workerd = import "/workerd/workerd.capnp";
const configuration :Workerd.Config = (
  v8Flags = [${v8Flags}],
  services = [(name = "worker", worker = .worker), (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true)))],
);
const worker :Workerd.Worker = (
  compatibilityDate = ${quoted(version)},
  compatibilityFlags = [${compatibilityFlags}],
  modules = [
    ${modules.join(",\n    ")}
  ],
);
`;
  await writeFile(join(folder, "worker.capnp"), configuration);
}

/** As Cap'n Proto's text format has strings. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
