import { ArgumentError } from "../../core/errors.js";
import type { Canvas, Raster } from "./canvas.js";
import { checkChoice, checkNumber, checkNumbers, type Definition, describe } from "./definition.js";

const { fround } = Math;

export type ChannelOrder = "rgb" | "bgr";

interface NormalizeParameters {
  mean: readonly number[];
  std: readonly number[];
  scale: number;
  channelOrder: ChannelOrder;
}

/** Bytes of a pixel in the order of the output channels, the first in the low byte. */
const sources: Record<ChannelOrder, number> = { rgb: 0x020100, bgr: 0x000102 };

export const normalizing: Definition<NormalizeParameters, true> = {
  name: "Normalize",
  defaults: { mean: undefined, std: undefined, scale: 1 / 255, channelOrder: "rgb" },
  bytesOnly: true,
  check({ mean, std, scale, channelOrder }) {
    checkNumbers("Normalize: mean", mean, [1, 3], {});
    checkNumbers("Normalize: std", std, [1, 3], {});
    if (std.some((deviation) => fround(deviation) === 0)) throw new ArgumentError(`Normalize: std: expected numbers other than 0, got ${JSON.stringify(std)}`);
    checkNumber("Normalize: scale", scale, { above: 0 });
    checkChoice("Normalize: channelOrder", channelOrder, Object.keys(sources));
  },
  sample: () => true,
  apply(canvas: Canvas, image: Raster, _sample, parameters): Raster {
    const { width, height, channels } = image;
    if (channels === 1 && parameters.mean.length + parameters.std.length > 2) {
      throw new ArgumentError(
        `Normalize: expected one mean and one std for an image of 1 channel, got ${JSON.stringify(parameters.mean)} and ${JSON.stringify(parameters.std)}`,
      );
    }
    const at = canvas.allocate(width * height * channels * 4);
    const { mean, std, scale, channelOrder } = parameters;
    const inTurn = (values: readonly number[]) => Array.from({ length: 12 }, (_, i) => values[values.length === 1 ? 0 : i % channels]);
    const table = canvas.place(Float32Array.from([...inTurn(mean), ...inTurn(std)]));
    canvas.kernels.normalize_u8(at, image.at, table, scale, sources[channelOrder], channels, width, image.stride, 0, height);
    return { at, width, height, stride: width * channels * 4, channels, dtype: "float32" };
  },
};

/**
 * Bytes to float32: (value * scale - mean) / std, the same floats as torchvision's ToTensor and Normalize.
 * @param mean one for all channels or three, in `channelOrder`, in scaled units
 * @param std as `mean`
 * @param options.scale default 1/255; 1 keeps levels 0..255
 * @param options.channelOrder order of the output channels (default `"rgb"`)
 */
export const Normalize = (mean: readonly number[], std: readonly number[], options: { scale?: number; channelOrder?: ChannelOrder } = {}) =>
  describe(normalizing, { mean, std, ...options });
