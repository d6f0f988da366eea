import type { ForeignFile, ForeignModel } from "../foreign.js";
import { Initializer } from "./initializer.js";
import { readOnnx } from "./read-model.js";

/** An ONNX file, and the files beside it if it keeps tensors in such. */
export async function readForeignOnnx({ name, bytes, beside }: ForeignFile): Promise<ForeignModel> {
  const files = new Map<string, Uint8Array>();
  const graph = readOnnx(bytes, name, beside && { external: (location) => files.get(location) ?? new Uint8Array() });
  for (const tensor of graph.initializers.values()) {
    const location = tensor instanceof Initializer ? tensor.place?.location : undefined;
    if (beside && location !== undefined && !files.has(location)) files.set(location, await beside(location));
  }
  return { graph };
}
