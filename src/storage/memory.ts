import { joinSources, openBytes } from "../core/byte-source.js";
import { piecesOf } from "../core/chunks.js";
import { type FileStore, partsOf } from "../core/file-store.js";

const pieceBytes = 2 ** 20;

/** Files in memory, gone with the object: for tests, and where nothing else can be had. */
export function memory(): FileStore {
  const files = new Map<string, readonly Uint8Array[]>();
  const find = (name: string) => {
    partsOf(name);
    return files.get(name);
  };
  return {
    place: "memory",
    async open(name) {
      const pieces = find(name);
      return (
        pieces &&
        joinSources(
          name,
          pieces.map((piece) => openBytes(piece, name)),
        )
      );
    },
    async write(name, chunks) {
      partsOf(name);
      const pieces: Uint8Array[] = [];
      for await (const piece of piecesOf(chunks, pieceBytes)) pieces.push(piece);
      files.set(name, pieces);
    },
    async copy(from, to) {
      partsOf(to);
      const pieces = find(from);
      if (pieces) files.set(to, pieces);
      return pieces !== undefined;
    },
    async list(prefix = "") {
      return [...files.keys()].filter((name) => name.startsWith(prefix)).sort();
    },
    async remove(name) {
      partsOf(name);
      files.delete(name);
    },
  };
}
