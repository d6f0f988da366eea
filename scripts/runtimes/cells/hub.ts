import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HubServer } from "../../../test/hub/server.js";
import { type Cell, expectEqual, type Installed, type Setting } from "../cell.js";
import { killAtMilestone } from "../milestones.js";
import { makeProfile } from "../profile.js";
import { runWithQuota } from "../quota.js";

const job = "jobs/hub.js";
const megabyte = 2 ** 20;

/** Browsers, and Deno where it may write to no folder, keep weights by name: for the next run, without a network, after a kill in a download, and use them without room. */
export async function* hub({ project, programs }: Setting): AsyncIterable<Cell> {
  const { content, facts } = await largeModel(programs[0]);
  const server = await HubServer.start();
  server.put("a/net", { "model.safetensors": content, "config.json": {} });
  const input = { host: server.origin };
  /** First bytes of the weights that were asked for since the last time. */
  const starts = () => {
    const weights = server.log.filter(({ isStore, method }) => isStore && method === "GET");
    server.log.length = 0;
    return weights.map(({ headers }) => headers.range ?? "all");
  };
  const reset = (stopAfter = Number.POSITIVE_INFINITY) => {
    server.reset();
    server.fault = allowed(() => false);
    server.storeFault = allowed((request, response) => {
      if (request.method !== "GET" || stopAfter === Number.POSITIVE_INFINITY) return false;
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, stopAfter)); // and not a byte more
      return true;
    });
  };

  try {
    for (const installed of programs) {
      const { name } = installed.runtime;
      if (name === "Deno") yield deno(installed);
      if (name === "Chromium" || name === "Firefox") for (const place of ["OPFS", "IndexedDB"]) yield* browser(installed, place);
    }
  } finally {
    await server.close();
  }

  function deno(installed: Installed): Cell {
    return {
      name: `${installed.name}, weights by name, Cache API`,
      async run() {
        const folder = mkdtempSync(join(tmpdir(), "ocelli-deno-"));
        // What it keeps it keeps by the program's address, which a program from standard input has by its folder.
        const options = {
          flags: [`--allow-read=${project.folder}`, `--allow-net=${new URL(server.origin).host},${new URL(server.storeOrigin).host}`],
          environment: { DENO_DIR: folder },
        };
        try {
          reset();
          expectEqual(await installed.run(job, input, options), facts, "the model");
          expectEqual(starts(), ["all"], "requests");
          expectEqual(await installed.run(job, { ...input, offline: true }, options), facts, "the model without a network");
          expectEqual(starts(), [], "requests without a network");
          return "downloaded once, then used without a network";
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      },
    };
  }

  function* browser(installed: Installed, place: string): Iterable<Cell> {
    yield {
      name: `${installed.name}, weights by name, ${place}`,
      async run() {
        const { kept, remove } = await makeProfile();
        try {
          reset(12 * megabyte);
          await killAtMilestone(installed, job, { ...input, place, killAt: 12 * megabyte }, kept);
          expectEqual(starts(), ["all"], "the download that was killed");
          reset();
          expectEqual(await installed.run(job, { ...input, place }, kept), facts, "the model");
          expectEqual(starts(), [`bytes=${8 * megabyte}-`], "the download after the kill");
          expectEqual(await installed.run(job, { ...input, place, offline: true }, kept), facts, "the model without a network");
          expectEqual(starts(), [], "requests without a network");
          return "killed at 12 MB, resumed at 8 MiB, then used without a network";
        } finally {
          remove();
        }
      },
    };
    yield {
      name: `${installed.name}, weights by name, ${place}, no room`,
      async run() {
        reset();
        expectEqual(await runWithQuota(installed, job, { ...input, place, isFull: true }), { ...facts, left: ["pieces"] }, "the model");
        expectEqual(starts(), ["all"], "requests");
        return "used from memory, the browser keeps the small file alone";
      },
    };
  }
}

/** ResNet-18 as a file that compresses to nothing less. */
async function largeModel(node: Installed): Promise<{ content: Uint8Array; facts: object }> {
  const folder = mkdtempSync(join(tmpdir(), "ocelli-hub-"));
  try {
    const path = join(folder, "model.safetensors");
    const facts = (await node.run(job, { path })) as object;
    return { content: readFileSync(path), facts };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** With what the hub says to pages of other origins. */
function allowed(fault: HubServer["fault"]): HubServer["fault"] {
  return (request: IncomingMessage, response: ServerResponse) => {
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-expose-headers", "x-repo-commit, x-error-code, x-linked-size, x-linked-etag, etag, content-range, accept-ranges");
    if (request.method !== "OPTIONS") return fault(request, response);
    response.writeHead(204, { "access-control-allow-headers": "range, if-range, authorization" }).end();
    return true;
  };
}
