import { writeFileAtomically } from "../../core/file-node.js";
import { type Metadata, safetensorsChunks, type TensorToWrite, type WriteOptions } from "./write.js";

/**
 * Writes a safetensors file, one tensor at a time; a kill or a full disk on the way leaves the old file as it was.
 * @throws {DataError} when the file cannot be written, {ArgumentError} for tensors that do not fit the format
 */
export function saveSafetensors(path: string | URL, tensors: Iterable<TensorToWrite>, metadata: Metadata = {}, options: WriteOptions = {}): Promise<void> {
  return writeFileAtomically(path, safetensorsChunks(tensors, metadata, options));
}
