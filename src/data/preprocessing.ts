import { ArgumentError } from "../core/errors.js";
import { CenterCrop } from "./transforms/crop.js";
import type { Interpolation, Pipeline, Transform } from "./transforms/index.js";
import { type ChannelOrder, Normalize } from "./transforms/normalize.js";
import { Resize } from "./transforms/resize.js";

/** What a checkpoint expects of its images; plain data, kept in the checkpoint's file. Sizes in pixels. */
export interface Preprocessing {
  /** New shorter side, or `[height, width]`; `null` leaves the size. */
  readonly resize: number | readonly [height: number, width: number] | null;
  /** Side of the square that is cut from the middle, or `[height, width]`: the network's input. */
  readonly crop: number | readonly [height: number, width: number];
  /** Filter of the resize, Pillow's by torchvision's name. */
  readonly interpolation: Interpolation;
  /** Of the scaled values, one for all channels or one each in `channelOrder`. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** 3 for colour (default), 1 for gray. */
  readonly channels?: 3 | 1;
  /** Default `"rgb"`. */
  readonly channelOrder?: ChannelOrder;
  /** What levels 0..255 are multiplied by before mean and std (default 1/255). */
  readonly scale?: number;
}

/** timm's evaluation rule: the shorter side becomes floor(size / cropPct), then the middle `size` pixels are cut out. */
export function timmResize(size: number, cropPct: number): number {
  return Math.floor(size / cropPct);
}

/** What the levels of an image become, by name. */
const normalizations = {
  /** Mean 0 and variance 1 over ImageNet: torchvision, most of timm, Keras' "torch" mode. */
  imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  /** BGR levels less ImageNet's mean: Caffe, Keras' "caffe" mode. */
  caffe: { mean: [103.939, 116.779, 123.68], std: [1], scale: 1, channelOrder: "bgr" },
  /** Keras' "tf" mode, timm's "inception" mean and std. */
  "-1..1": { mean: [0.5], std: [0.5] },
  "0..1": { mean: [0], std: [1] },
  /** Levels as they are: networks that scale them by themselves. */
  "0..255": { mean: [0], std: [1], scale: 1 },
} as const;

/** `imagenet`, `caffe`, or the range that levels are brought to: each with torchvision's resize and crop. */
export type PreprocessingName = keyof typeof normalizations;

export const preprocessingNames = Object.keys(normalizations) as PreprocessingName[];

/**
 * A preprocessing by name: the shorter side becomes size / 0.875, bilinear, and the middle is cut out (torchvision's for 224 pixels); an
 * input that is no square is resized to at once.
 *
 * @param size of the network's input
 * @throws {ArgumentError} for an unknown name, listing those that exist
 */
export function named(name: PreprocessingName, size: number | readonly [height: number, width: number]): Preprocessing {
  if (!preprocessingNames.includes(name)) throw new ArgumentError(`preprocessing: expected ${preprocessingNames.join(", ")} or a description, got "${name}"`);
  return { resize: typeof size === "number" ? timmResize(size, 0.875) : size, crop: size, interpolation: "bilinear", ...normalizations[name] };
}

/** The last step of a pipeline. */
export function normalize({ mean, std, scale, channelOrder }: Preprocessing): Transform {
  return Normalize(mean, std, { scale, channelOrder });
}

/** The pipeline for prediction: resize, centre crop, normalise. @throws {ArgumentError} for a description that does not fit */
export function evaluationTransforms(preprocessing: Preprocessing): Pipeline {
  const { resize, crop, interpolation, channels = 3, mean, std } = preprocessing;
  if (channels !== 1 && channels !== 3) throw new ArgumentError(`preprocessing: channels: expected 1 or 3, got ${JSON.stringify(channels)}`);
  for (const [name, values] of Object.entries({ mean, std })) {
    if (Array.isArray(values) && values.length > channels)
      throw new ArgumentError(`preprocessing: ${name}: expected at most ${channels} numbers, got ${JSON.stringify(values)}`);
  }
  const resizing = resize === null ? [] : [Resize(resize, { interpolation })];
  return [...resizing, CenterCrop(crop), normalize(preprocessing)];
}
