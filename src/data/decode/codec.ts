import { LimitError, OcelliError } from "../../core/errors.js";
import { type Imports, instantiateLibrary, type Library } from "../../runtime/library.js";
import { moduleOf } from "../../runtime/modules.js";
import type { ImageReader } from "./reader.js";

/** A C decoder while it works on one image. */
export interface Codec extends Library {
  /** `bytes` of its memory, until the image is done. @throws {LimitError} when it has no more */
  allocate(bytes: number): number;
  /** The file's bytes in its memory. */
  copyIn(bytes: Uint8Array): number;
}

/** A decoder's memory never shrinks: one that has grown beyond this is not kept for the next image. */
const keptBytes = 64 * 2 ** 20;

/**
 * Makes a decoder of a C library in Wasm. It is compiled at the first image; an instance serves one image after
 * another, and is given up after an error, which may leave its stack and memory in any state.
 *
 * @param name which of the package's binaries
 * @param imports what the library asks for; each call of these is an error of the image
 */
export function openCodec(name: "jpeg" | "webp", imports: Imports): <T>(reader: ImageReader, decode: (codec: Codec) => T) => Promise<T> {
  let idle: Library | undefined;
  return async (reader, decode) => {
    const library = idle ?? (await instantiateLibrary(await moduleOf(name), imports));
    idle = undefined;
    const pointers: number[] = [];
    const allocate = (bytes: number): number => {
      const pointer = library.call("malloc", bytes) >>> 0;
      if (!pointer) throw new LimitError(`${reader.format}: decoding needs more memory than the decoder has (${reader.name})`);
      pointers.push(pointer);
      return pointer;
    };
    const copyIn = (bytes: Uint8Array): number => {
      const pointer = allocate(bytes.length);
      library.memory().set(bytes, pointer);
      return pointer;
    };
    const result = guarded(reader, () => decode({ ...library, allocate, copyIn }));
    for (const pointer of pointers) library.call("free", pointer);
    if (library.memory().length <= keptBytes) idle = library;
    return result;
  };
}

/** An import that a library calls only when it gives up on the image. */
export function givesUp(): never {
  throw new Error("the library left by an exit of its own");
}

/** Exits and traps inside the library are errors of the image. */
function guarded<T>(reader: ImageReader, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw cause instanceof OcelliError ? cause : reader.error("the decoder gives up: the data is damaged", cause);
  }
}
