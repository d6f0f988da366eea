import { type FileTarget, writeFile } from "../../core/file-store.js";
import { type Metadata, safetensorsChunks, type TensorToWrite, type WriteOptions } from "./write.js";

/**
 * Writes a safetensors file, one tensor at a time; a kill or a full disk on the way leaves the old file as it was.
 *
 * @param target a path, or a file in a store of `ocelli/storage`
 * @throws {StorageError} when the file cannot be kept, {ArgumentError} for tensors that do not fit the format
 */
export function saveSafetensors(target: FileTarget, tensors: Iterable<TensorToWrite>, metadata: Metadata = {}, options: WriteOptions = {}): Promise<void> {
  return writeFile(target, safetensorsChunks(tensors, metadata, options));
}
