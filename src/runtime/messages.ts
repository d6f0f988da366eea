import type { BinaryName } from "./binaries.js";
import type { Modules } from "./instance.js";
import type { Code } from "./program.js";
import type { ScriptName } from "./scripts.js";

/** What the pool tells a worker. Every message with an `id` is answered by one `Reply`. */
export type Message =
  | {
      readonly type: "open";
      readonly id: number;
      readonly session: number;
      readonly memory: WebAssembly.Memory | { readonly bytes: number };
      readonly thread: number;
      readonly threads: number;
      /** Whether these are more threads than there are cores. */
      readonly crowded?: boolean;
    }
  | { readonly type: "close"; readonly session: number }
  | {
      readonly type: "load";
      readonly session: number;
      readonly program: number;
      readonly code: Code;
      readonly modules: Modules;
    }
  | { readonly type: "unload"; readonly session: number; readonly program: number }
  | { readonly type: "run"; readonly id: number; readonly session: number; readonly program: number }
  | { readonly type: "grow"; readonly id: number; readonly session: number; readonly bytes: number }
  | { readonly type: "write"; readonly id: number; readonly session: number; readonly address: number; readonly data: Uint8Array }
  | { readonly type: "read"; readonly id: number; readonly session: number; readonly address: number; readonly bytes: number }
  /** For WebCrypto, which in some browsers holds the thread that asks it. */
  | { readonly type: "digest"; readonly id: number; readonly data: Uint8Array }
  | { readonly type: "tasks"; readonly url: string }
  /** What a worker asked for: a compiled binary, the address of a script, or why there is none. */
  | { readonly type: "module"; readonly name: BinaryName | ScriptName; readonly module: WebAssembly.Module | string | Failure }
  | { readonly type: "task"; readonly id: number; readonly name: string; readonly payload: unknown };

/** An error with its class name, so that the other side can throw what this one threw. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** An answer; or what a worker lacks, because its own bundle is without. */
export type Reply = { readonly id: number; readonly value?: unknown; readonly error?: Failure } | { readonly needs: BinaryName | ScriptName };
