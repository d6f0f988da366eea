import type { Build } from "../core/build.js";
import type { Dataset, Item } from "../data/dataset.js";
import type { Draws } from "../data/draws.js";
import type { DecodedImages } from "../data/image-cache.js";
import type { Pipeline } from "../data/transforms/index.js";
import type { TestTimeAugmentation, TestTimeName } from "./test-time.js";

export interface CallOptions {
  /** Ends the call with its reason; the model can be used on. */
  readonly signal?: AbortSignal;
}

export interface ScoreOptions extends CallOptions {
  /**
   * Test-time augmentation: what the network says of several views of each image is averaged. `flip`: also mirrored; `fiveCrop`, `tenCrop`:
   * the middle and the corners, also mirrored; `scales`: three sizes. Each view costs as much as an image. Default none.
   */
  readonly tta?: TestTimeName | TestTimeAugmentation;
}

/** Told of the image at a position of a data set. */
export type TakeRow = (row: Float32Array, item: Item, index: number) => void;

/** What `computeEach` goes through. */
export type Images = Pick<Dataset, "length" | "item"> & Partial<Pick<Dataset, "classes">>;

export interface EachOptions extends CallOptions {
  readonly build?: Build;
  readonly decoded?: DecodedImages;
  /** In place of the evaluation preprocessing, with the draws of the image at a position. */
  readonly varied?: { readonly pipeline: Pipeline; draws(position: number): Draws };
  readonly onProgress?: (done: number) => void;
}
