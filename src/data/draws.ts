import type { Build } from "../core/build.js";
import { Random } from "../core/random.js";
import type { ImageSource } from "./image.js";
import type { Pipeline } from "./transforms/index.js";

/** Names the random draws of one image; the position in the pipeline is added to the stream. */
export interface Draws {
  readonly seed: number;
  readonly stream: readonly number[];
}

/** What a thread needs to prepare one image. */
export interface PreparePayload {
  readonly image: ImageSource;
  readonly name?: string;
  readonly pipeline: Pipeline;
  readonly channels: 1 | 3;
  readonly draws?: Draws;
  /** Kernels that this thread has anyway; the result is the same in every build. */
  readonly build: Build;
  /** Where the result goes, where it has that many floats. */
  readonly into?: Float32Array;
}

/** The random draws of each step of a pipeline. */
export function randomAt({ seed, stream }: Draws): (position: number) => Random {
  return (position) => new Random(seed, ...stream, position);
}
