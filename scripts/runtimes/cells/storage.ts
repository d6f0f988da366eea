import { join, resolve } from "node:path";
import { build } from "esbuild";
import { suite } from "../../../test/storage/suite.js";
import { type Cell, expectEqual, type Installed, type Setting } from "../cell.js";
import { killAtMilestone } from "../milestones.js";
import { makeProfile } from "../profile.js";
import { runWithQuota } from "../quota.js";

const job = "jobs/storage.js";
const inBrowsers = ["opfs", "indexedDb"];

/** `files` in Node, Deno and Bun, `opfs` and `indexedDb` in browsers keep what the shared suite asks of them, without room and through crashes. */
export async function* storage({ project: { folder }, programs }: Setting): AsyncIterable<Cell> {
  // The suite is of the repository; the stores that it is run on are the installed package's.
  const entryPoints = [resolve(import.meta.dirname, "../../../test/storage/suite.ts")];
  await build({
    entryPoints,
    bundle: true,
    format: "esm",
    platform: "neutral",
    external: ["node:*"],
    outfile: join(folder, "jobs/storage-suite.js"),
    logLevel: "error",
  });
  for (const installed of programs) {
    const { name } = installed.runtime;
    if (name === "workerd") continue;
    const isBrowser = name === "Chromium" || name === "Firefox";
    const stores = isBrowser ? inBrowsers : ["files"];
    const flags = name === "Deno" ? ["--allow-read", "--allow-write"] : undefined;
    yield {
      name: `${installed.name}, stores`,
      async run() {
        const expected = Object.fromEntries(stores.map((store) => [store, suite.length]));
        expectEqual(await installed.run(job, { task: "suite", stores, folder: join(folder, "stored", installed.name) }, { flags }), expected, "cases passed");
        return `${stores.join(", ")}: ${suite.length} cases each`;
      },
    };
    if (isBrowser) yield* crashes(installed);
  }
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
      const messages = Object.values(found).map(({ message }) => message);
      expectEqual(
        found,
        Object.fromEntries(
          inBrowsers.map((store, i) => [store, { name: "StorageError", isFull: true, content: "before", message: messages[i], after: "small" }]),
        ),
        "without room",
      );
      for (const message of messages)
        if (!/^cannot write kept to .*: what the browser lets this page keep is full(: \d+\.\d of \d+\.\d MB are used)?$/.test(message))
          throw new Error(message);
      return messages[0];
    },
  };
}
