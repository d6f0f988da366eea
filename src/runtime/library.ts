/** An instance of a C library with a memory of its own. */
export interface Library {
  /** Calls an exported function; pointers and integers in, pointer or integer out. */
  call(name: string, ...args: number[]): number;
  /** Its memory as it is now; a later call may move it. */
  memory(): Uint8Array<ArrayBuffer>;
}

/** What a library may call, by module and name. */
export type Imports = Record<string, Record<string, (...args: number[]) => number>>;

export async function instantiateLibrary(module: WebAssembly.Module, imports: Imports): Promise<Library> {
  const { exports } = await WebAssembly.instantiate(module, imports);
  const memory = exports.memory as WebAssembly.Memory;
  return {
    call: (name, ...args) => (exports[name] as (...args: number[]) => number)(...args),
    memory: () => new Uint8Array(memory.buffer as ArrayBuffer),
  };
}
