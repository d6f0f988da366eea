/** `ocelli/storage`: places for models and checkpoints, all with one interface. A file in one is `{ store, name }` wherever a path can be given. */
export type { ByteSource } from "../core/byte-source.js";
export type { Chunks } from "../core/chunks.js";
export type { FileSource, FileStore, FileTarget, ReadableStore, StoredFile, WritableStore } from "../core/file-store.js";
export { downloads } from "./downloads.js";
export { files } from "./files-node.js";
export { http } from "./http.js";
export { indexedDb } from "./indexed-db.js";
export { memory } from "./memory.js";
export { opfs } from "./opfs.js";
