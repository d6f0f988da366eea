import { type Barrier, breakBarrier, makeBarrier } from "./barrier.js";
import type { BinaryName } from "./binaries.js";
import { binariesOf, bindModules, type Kernels } from "./instance.js";
import { createMemory, growMemory, pressCollector } from "./memory.js";
import type { Failure, Message, Reply } from "./messages.js";
import type { ModuleSource } from "./modules.js";
import { runShare, runTogether, type Share, shareOf } from "./program.js";
import type { ScriptName } from "./scripts.js";

/** A function that a task module offers: payload in, result out, with what to transfer. */
export type Task = (payload: never) => Promise<{ readonly value: unknown; readonly transfer?: ArrayBuffer[] }>;

interface Open {
  readonly memory: WebAssembly.Memory;
  /** One instance of each binary that programs of this session call. */
  readonly kernels: Map<BinaryName, Kernels>;
  readonly barrier?: Barrier;
  readonly thread: number;
  readonly threads: number;
  /** Programs, or why they could not be loaded: that is told when they are to run. */
  readonly programs: Map<number, Share | Error>;
}

/** What is bundled for workers says by this where its modules come from. */
interface Script {
  takeModulesFrom(source: ModuleSource): void;
}

const sessions = new Map<number, Open>();
let tasks: Promise<Script> | undefined;

type Found = WebAssembly.Module | string;

/** What was asked for and has not come yet. */
const awaited = new Map<BinaryName | ScriptName, (found: Found | Failure) => void>();

/** A compiled binary or the address of a script, from the thread that started this one. */
function needed(name: BinaryName | ScriptName, post: (reply: Reply) => void): Promise<Found> {
  return new Promise((resolve, reject) => {
    awaited.set(name, (found) =>
      typeof found === "string" || found instanceof WebAssembly.Module ? resolve(found) : reject(Object.assign(new Error(found.message), found)),
    );
    post({ needs: name });
  });
}

/** Scripts that are in this worker's own file. */
let brought: Readonly<Record<ScriptName, Script>> | undefined;

/** Makes a file out of all that workers run. */
export function bring(scripts: Readonly<Record<ScriptName, Script>>): void {
  brought = scripts;
}

async function importScript(url: string): Promise<Script> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ url).catch((cause) => {
    const why = "the page's Content-Security-Policy needs blob: in script-src, or call init({ workerUrl })";
    throw Object.assign(new Error(`a worker cannot import ${url}: ${cause.message}; ${why}`), { name: "WorkerError" });
  });
}

/** A script that knows where its modules come from. @param address where it is imported from, unless it was brought along */
async function scriptFor(name: ScriptName, address: () => string | Promise<string>, post: (reply: Reply) => void): Promise<Script> {
  const script = brought?.[name] ?? (await importScript(await address()));
  const binary = (wanted: BinaryName) => needed(wanted, post) as Promise<WebAssembly.Module>;
  script.takeModulesFrom({
    binary,
    kernels: async (build, memory, named) => {
      const modules: [BinaryName, WebAssembly.Module][] = [];
      for (const each of binariesOf(build, named)) modules.push([each, await binary(each)]);
      return bindModules(modules, memory);
    },
    script: (other) => scriptFor(other, async () => (await needed(other, post)) as string, post),
  });
  return script;
}

/** Does what one message says. Gives the value of the reply and what to transfer with it. */
async function handle(message: Message, post: (reply: Reply) => void): Promise<{ value?: unknown; transfer?: ArrayBuffer[] }> {
  switch (message.type) {
    case "open": {
      const memory = message.memory instanceof WebAssembly.Memory ? message.memory : createMemory(message.memory.bytes);
      const barrier = message.threads > 1 ? makeBarrier(memory.buffer, message.threads, message.crowded) : undefined;
      sessions.set(message.session, { memory, kernels: new Map(), barrier, thread: message.thread, threads: message.threads, programs: new Map() });
      return {};
    }
    case "close": {
      const memory = sessions.get(message.session)?.memory;
      sessions.delete(message.session);
      if (memory) pressCollector(memory);
      return {};
    }
    case "load": {
      const session = opened(message.session);
      try {
        const kernels = bindModules(message.modules, session.memory, session.kernels);
        session.programs.set(message.program, shareOf(message.code, kernels, session.thread, session.threads));
      } catch (error) {
        session.programs.set(message.program, error as Error);
      }
      return {};
    }
    case "unload":
      sessions.get(message.session)?.programs.delete(message.program);
      return {};
    case "run": {
      const { programs, barrier, thread } = opened(message.session);
      try {
        const share = programs.get(message.program) ?? new Error(`program ${message.program} is not loaded in this thread`);
        if (share instanceof Error) throw share;
        if (barrier) runTogether(share, barrier, thread);
        else runShare(share);
      } catch (error) {
        if (barrier) breakBarrier(barrier);
        throw error;
      }
      return {};
    }
    case "grow":
      growMemory(opened(message.session).memory, message.bytes);
      return {};
    case "write":
      new Uint8Array(opened(message.session).memory.buffer).set(message.data, message.address);
      return {};
    case "read": {
      const value = new Uint8Array(opened(message.session).memory.buffer).slice(message.address, message.address + message.bytes);
      return { value, transfer: [value.buffer] };
    }
    case "digest":
      return { value: await crypto.subtle.digest("SHA-256", message.data as Uint8Array<ArrayBuffer>) };
    case "tasks":
      tasks = scriptFor("tasks", () => message.url, post);
      return {};
    case "module":
      awaited.get(message.name)?.(message.module);
      return {};
    case "task": {
      const task = ((await tasks) as Partial<Record<string, Task>> | undefined)?.[message.name];
      if (!task) throw new Error(`no task is called ${message.name}`);
      return task(message.payload as never);
    }
  }
}

function opened(session: number): Open {
  const open = sessions.get(session);
  if (!open) throw new Error(`session ${session} is not open in this thread`);
  return open;
}

/** Messages are worked off one after another. */
function serve(listen: (listener: (message: Message) => void) => void, post: (reply: Reply, transfer: ArrayBuffer[]) => void): void {
  let last: Promise<void> = Promise.resolve();
  const work = async (message: Message) => {
    const id = "id" in message ? message.id : -1;
    try {
      const { value, transfer = [] } = await handle(message, (reply) => post(reply, []));
      if (id >= 0) post({ id, value }, transfer);
    } catch (error) {
      const { name, message: text, stack } = error as Error;
      post({ id, error: { name, message: text, stack } }, []);
    }
  };
  listen((message) => {
    // The task that waits for a binary is what the other messages wait for.
    if (message.type === "module") void work(message);
    else last = last.then(() => work(message));
  });
}

if (typeof process === "object" && typeof process.getBuiltinModule === "function" && process.versions?.node) {
  const { parentPort } = process.getBuiltinModule("node:worker_threads");
  serve(
    (listener) => parentPort?.on("message", listener),
    (reply, transfer) => parentPort?.postMessage(reply, transfer),
  );
} else {
  serve(
    (listener) => globalThis.addEventListener("message", ({ data }) => listener(data)),
    (reply, transfer) => (globalThis as unknown as { postMessage(message: unknown, transfer: ArrayBuffer[]): void }).postMessage(reply, transfer),
  );
}
