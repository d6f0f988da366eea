import type { Build } from "../core/build.js";
import { Random } from "../core/random.js";
import type { Pixels } from "./decode/pixels.js";
import type { ImageSource } from "./image.js";
import type { ProcessedImage } from "./image-engine.js";
import type { Pipeline } from "./transforms/index.js";

/** Names the random draws of one image; the position in the pipeline is added to the stream. */
export interface Draws {
  readonly seed: number;
  readonly stream: readonly number[];
}

/** An image that a thread is to read. */
export interface ImageToRead {
  readonly image: ImageSource;
  /** For messages. */
  readonly name: string;
  readonly draws?: Draws;
  /** Whether its pixels are wanted besides, as they were decoded. */
  readonly keep?: boolean;
}

/** What a thread needs to prepare some images. */
export interface PreparePayload {
  readonly images: readonly ImageToRead[];
  readonly pipeline: Pipeline;
  readonly channels: 1 | 3;
  /** Kernels that this thread has anyway; the result is the same in every build. */
  readonly build: Build;
  /** Where the results go, one after another, each where it has its share of these floats. */
  readonly into?: Float32Array;
}

/** A prepared image: without data where that went where it was to go. */
export interface PreparedImage extends Omit<ProcessedImage, "data"> {
  readonly data?: ProcessedImage["data"];
  /** What was decoded, where it was wanted. */
  readonly pixels?: Pixels;
}

/** The random draws of each step of a pipeline. */
export function randomAt({ seed, stream }: Draws): (position: number) => Random {
  return (position) => new Random(seed, ...stream, position);
}
