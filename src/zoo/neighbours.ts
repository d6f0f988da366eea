import { FormatError, UnsupportedOpError } from "../core/errors.js";
import { openSource } from "../core/source.js";
import type { Checkpoint } from "../hub/checkpoint.js";
import type { CheckpointOptions } from "./checkpoint.js";
import { formatOf, readForeign } from "./model-file.js";

/** Reads a network that may keep its weights in files beside it, which brings those too. */
export async function bringNeighbours(source: string, checkpoint: Checkpoint, options: CheckpointOptions): Promise<void> {
  const file = await openSource(checkpoint.source);
  try {
    // What a file is that is no network's is not for a download to judge.
    const format = await formatOf(file).catch((error) => {
      if (!(error instanceof FormatError || error instanceof UnsupportedOpError)) throw error;
    });
    if (format === "onnx" || format === "tfjs") await readForeign(format, file, { source, checkpoint, options });
  } finally {
    await file.close();
  }
}
