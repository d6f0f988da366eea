import { join, resolve } from "node:path";
import { build } from "esbuild";
import { suite } from "../../../test/storage/suite.js";
import type { RunOptions } from "../../../src/cli/runtimes/index.js";
import { type Cell, expectEqual, type Installed, type Setting } from "../cell.js";
import { killAtMilestone } from "../milestones.js";
import { makeProfile } from "../profile.js";
import { runWithQuota } from "../quota.js";

const job = "jobs/storage.js";
const inBrowsers = ["opfs", "indexedDb"];

/** `files` in Node, Deno and Bun, `opfs` and `indexedDb` in browsers keep what the shared suite asks of them, without room and through crashes. */
export async function* storage({ project: { folder }, programs }: Setting): AsyncIterable<Cell> {
  // The suite is of the repository; the stores that it is run on are the installed package's, but for one that it does not export.
  const root = resolve(import.meta.dirname, "../../..");
  const entryPoints = { "storage-suite": join(root, "test/storage/suite.ts"), "web-cache": join(root, "src/storage/web-cache.ts") };
  await build({
    entryPoints,
    bundle: true,
    format: "esm",
    platform: "neutral",
    external: ["node:*"],
    outdir: join(folder, "jobs"),
    logLevel: "error",
  });
  for (const installed of programs) {
    const { name } = installed.runtime;
    if (name === "workerd") continue;
    const isBrowser = name === "Chromium" || name === "Firefox";
    const stores = isBrowser ? inBrowsers : name === "Deno" ? ["files", "webCache"] : ["files"];
    const place = join(folder, "stored", installed.name);
    const options = name === "Deno" ? { flags: ["--allow-read", "--allow-write"], environment: { DENO_DIR: place } } : {};
    yield {
      name: `${installed.name}, stores`,
      async run() {
        const expected = Object.fromEntries(stores.map((store) => [store, suite.length]));
        expectEqual(await installed.run(job, { task: "suite", stores, folder: join(place, "files") }, options), expected, "cases passed");
        return `${stores.join(", ")}: ${suite.length} cases each`;
      },
    };
    if (!isBrowser) continue;
    yield withoutHttps(installed);
    yield* crashes(installed);
  }
}

/** The host stands for one of a network: what the page is served from is this machine. */
const insecureHost = "ocelli.test";

function withoutHttps(installed: Installed): Cell {
  return {
    name: `${installed.name}, stores, without https`,
    async run() {
      const options: RunOptions = { flags: [`--host-resolver-rules=MAP ${insecureHost} 127.0.0.1`] };
      const preferences = { "network.dns.localDomains": insecureHost };
      const input = { task: "suite", stores: ["indexedDb"], insecureHost };
      expectEqual(
        await installed.run(job, input, installed.runtime.name === "Firefox" ? { preferences } : options),
        { indexedDb: suite.length },
        "cases passed",
      );
      return `indexedDb: ${suite.length} cases`;
    },
  };
}

function* crashes(installed: Installed): Iterable<Cell> {
  yield {
    name: `${installed.name}, stores, killed while it writes`,
    async run() {
      const { kept, remove } = await makeProfile();
      try {
        await killAtMilestone(installed, job, { task: "writeOn", stores: inBrowsers }, kept);
        const found = await installed.run(job, { task: "recover", stores: inBrowsers }, kept);
        const recovered = { content: "before", list: ["kept"], left: true, leftAfterWrite: false };
        expectEqual(found, Object.fromEntries(inBrowsers.map((store) => [store, recovered])), "what a killed browser left");
        return "the file before is whole, the unfinished one is swept";
      } finally {
        remove();
      }
    },
  };
  yield {
    name: `${installed.name}, stores, no room`,
    async run() {
      const found = (await runWithQuota(installed, job, { task: "fill", stores: inBrowsers })) as Record<string, { message: string }>;
      for (const store of inBrowsers) {
        const { message, ...rest } = found[store];
        expectEqual(rest, { name: "StorageError", isFull: true, content: "before", after: "small" }, `${store}, when it is full`);
        if (!/^cannot write kept to .*: what the browser lets this page keep is full(: [\d.]+ of [\d.]+ MB are used)?$/.test(message)) throw new Error(message);
      }
      return found.opfs.message;
    },
  };
}
