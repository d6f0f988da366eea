import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { JobError, type RunOptions } from "../../../src/cli/runtimes/index.js";
import { type Cell, expectEqual, type Installed, type Setting } from "../cell.js";

interface Thrown {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** By case, what the error's name and message are. */
const expected: Record<string, RegExp> = {
  model: /^DataError: cannot open .*no-such-model\.safetensors: there is no such file/,
  image: /^DataError: cannot (open|fetch) .*no-such-image\.jpg: (there is no such file|status 404)/,
  network: /^DataError: cannot download http:\/\/127\.0\.0\.1:\d+\/model\.safetensors: ./,
  hub: /^DataError: .*127\.0\.0\.1/,
  offline: /^DataError: .*allowRemote/,
};

/** How an engine on x64 is made one without SIMD: V8's needs SSE 4.1. Firefox has no such setting, but one that takes all of WebAssembly away. */
const v8Flag = "--no-enable-sse4-1";
const withoutSimd: Record<string, RunOptions> = {
  Node: { flags: [v8Flag] },
  Deno: { flags: [`--v8-flags=${v8Flag}`] },
  Bun: { environment: { BUN_JSC_useWasmSIMD: "0" } },
  Chromium: { flags: [`--js-flags=${v8Flag}`] },
  Firefox: { preferences: { "javascript.options.wasm": false } },
  workerd: { flags: [v8Flag] },
};

/** Every runtime says what is missing: a file, the network, SIMD. */
export async function* errors({ programs }: Setting): AsyncIterable<Cell> {
  const closed = await closedAddress();
  for (const installed of programs) {
    yield {
      name: `${installed.name}, what is missing`,
      async run() {
        const { thrown, works } = (await installed.run("jobs/errors.js", { closed })) as { thrown: Record<string, Thrown>; works: boolean };
        for (const [key, pattern] of Object.entries(expected))
          if (!pattern.test(`${thrown[key].name}: ${thrown[key].message}`)) throw new Error(`${key}: expected ${pattern}, got ${JSON.stringify(thrown[key])}`);
        expectEqual(works, true, "the model afterwards");
        return `${Object.keys(expected).join(", ")}: each named`;
      },
    };
    if (process.arch === "x64") yield noSimd(installed, withoutSimd[installed.runtime.name]);
  }
}

/** workerd compiles what it imports before any of it runs, so it does not start, and says why itself. */
function noSimd(installed: Installed, options: RunOptions): Cell {
  const { name } = installed.runtime;
  return {
    name: `${installed.name}, no ${name === "Firefox" ? "WebAssembly" : "SIMD"}`,
    async run() {
      const error = await installed.run("jobs/no-simd.js", undefined, options).then(
        (value) => new Error(`a model: ${JSON.stringify(value)}`),
        (error) => error as Error,
      );
      const [said] = /Wasm SIMD unsupported|this engine has no WebAssembly SIMD; Ocelli needs Node.*/.exec(error.message) ?? [];
      const isOurs = error instanceof JobError && error.name === "WorkerError";
      if (said === undefined || isOurs === (name === "workerd")) throw error;
      return said;
    },
  };
}

/** An address where nobody listens. */
async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return `http://127.0.0.1:${port}/`;
}
