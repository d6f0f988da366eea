import { ArgumentError } from "../core/errors.js";
import type { ImageSource } from "../data/image.js";
import { prepareImages } from "../data/prepare.js";
import type { Preprocessing } from "../data/preprocessing.js";
import { type Augmentation, trainingTransforms } from "../data/training-transforms.js";
import type { CallOptions } from "../model/call-options.js";
import { streams } from "../train/streams.js";
import type { Overlay } from "./explain/overlay.js";

export interface AugmentedSamplesOptions extends CallOptions {
  /** How images vary, as for `fineTune` and `Trainer`. Default: theirs without one. */
  readonly augmentation?: Augmentation;
  /** 1 to 64, default 8. */
  readonly count?: number;
  /** Fixes what is drawn, default 0. */
  readonly seed?: number;
}

/**
 * What training makes of one image in so many epochs: pixels at the size of the network's input, to see whether they still show what the
 * label says. The first one is that of a trainer's first epoch with this seed and the image as its first.
 *
 * @param of a model, or what is known of one, such as `describeArchitecture(name)`
 * @throws {ArgumentError} for a count or an augmentation outside its range, or no preprocessing; {FormatError} for what is no image
 */
export async function augmentedSamples(
  { preprocessing }: { readonly preprocessing?: Preprocessing },
  image: ImageSource,
  { augmentation, count = 8, seed = 0, signal }: AugmentedSamplesOptions = {},
): Promise<Overlay[]> {
  if (!(Number.isInteger(count) && count >= 1 && count <= 64)) throw new ArgumentError(`augmentedSamples: count expected 1 to 64, got ${count}`);
  if (!preprocessing) throw new ArgumentError("augmentedSamples: expected a preprocessing, and nothing is known of one");
  const { channels = 3 } = preprocessing;
  const prepared = await prepareImages(Array<ImageSource>(count).fill(image), {
    pipeline: trainingTransforms(preprocessing, augmentation),
    channels,
    draws: Array.from({ length: count }, (_, epoch) => ({ seed, stream: [streams.augmentation, 0, epoch, 0] })),
    signal,
  });
  return prepared.map(({ data, width, height }) => ({ data: pixelsOf(data, channels, preprocessing), width, height, channels: 4 }));
}

/** Normalised values as the pixels that they were. */
function pixelsOf(values: Float32Array, channels: number, { mean, std, scale = 1 / 255, channelOrder }: Preprocessing): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray((values.length / channels) * 4).fill(255);
  for (let pixel = 0; pixel * 4 < pixels.length; pixel++) {
    for (let color = 0; color < 3; color++) {
      const channel = channels === 1 ? 0 : channelOrder === "bgr" ? 2 - color : color;
      const [m, s] = [mean, std].map((each) => each[each.length === 1 ? 0 : channel]);
      pixels[pixel * 4 + color] = (values[pixel * channels + channel] * s + m) / scale;
    }
  }
  return pixels;
}
