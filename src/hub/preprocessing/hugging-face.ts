import type { Preprocessing } from "../../data/preprocessing.js";
import { timmResize } from "../../data/preprocessing.js";
import type { Interpolation } from "../../data/transforms/resample.js";
import type { Fields } from "../fields.js";
import { timmPreprocessing } from "./timm.js";

/** Pillow's filters by number. */
const resampling: readonly Interpolation[] = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"];

/** Image processors whose whole-number `size` is the shorter side; for others it is both. */
const byShortestEdge = /^(CLIP|ConvNext|Bit|MobileNetV[12]|MobileViT|PoolFormer|LeViT|Levit|ChineseCLIP|SigLip)/i;
/** Those that do more than resize, crop, rescale and normalise. */
const unusual = /^(EfficientNet|Pvt|VideoMAE|Flava|ImageGPT|Owl|Perceiver|Naflex)/i;

/**
 * What an image processor of Hugging Face's transformers does, by its `preprocessor_config.json`.
 *
 * @returns undefined where the file leaves to the class what is to be known, or asks for steps that are none of resize, centre crop, rescale and normalise
 * @see transformers `ViTImageProcessor`, `ConvNextImageProcessor`, `BitImageProcessor`, `MobileViTImageProcessor`
 */
export function huggingFacePreprocessing(config: Fields): Preprocessing | undefined {
  const timm = config.object("pretrained_cfg");
  if (timm) return timmPreprocessing(timm);
  const processor = config.text("image_processor_type") ?? config.text("feature_extractor_type") ?? "";
  const isOn = (name: string) => config.flag(name) ?? true;
  const normalizes = config.flag("do_normalize") ?? config.has("image_mean");
  const mean = normalizes ? config.channels("image_mean") : [0];
  const std = normalizes ? config.channels("image_std", "1 to 4 numbers above 0", (value) => value > 0) : [1];
  const size = sizeOf(config, "size", byShortestEdge.test(processor));
  if (unusual.test(processor) || config.flag("do_pad") || !mean || !std || !(size || !isOn("do_resize"))) return undefined;
  const geometry = geometryOf(config, processor, size);
  if (!geometry) return undefined;
  const resample = config.number("resample", "a filter of Pillow's, 0 to 5", (value) => value in resampling);
  if (resample === undefined && geometry.resize !== null) return undefined;
  const scale = isOn("do_rescale") ? (config.number("rescale_factor", "a number above 0", (value) => value > 0) ?? 1 / 255) : 1;
  return {
    ...geometry,
    interpolation: resampling[resample ?? 2],
    mean,
    std,
    ...(scale !== 1 / 255 && { scale }),
    ...(config.flag("do_flip_channel_order") && { channelOrder: "bgr" }),
  };
}

type Size = number | readonly [height: number, width: number];

/** A number is the shorter side, a pair is height and width. */
function sizeOf(config: Fields, name: string, isShortest: boolean): Size | undefined {
  if (config.isNumber(name)) {
    const side = config.pixels(name) as number;
    return isShortest ? side : [side, side];
  }
  const size = config.object(name);
  const [height, width] = [size?.pixels("height"), size?.pixels("width")];
  if (height !== undefined && width !== undefined) return [height, width];
  return size?.has("longest_edge") ? undefined : size?.pixels("shortest_edge");
}

function geometryOf(config: Fields, processor: string, size: Size | undefined): Pick<Preprocessing, "resize" | "crop"> | undefined {
  const resizes = config.flag("do_resize") ?? true;
  if (/^ConvNext/i.test(processor) && typeof size === "number" && resizes) {
    // Small inputs are cut from a larger image; from 384 pixels on the image is squeezed into the square.
    const cropPct = config.number("crop_pct", "a number above 0 and up to 1", (value) => value > 0 && value <= 1) ?? 224 / 256;
    return size < 384 ? { resize: timmResize(size, cropPct), crop: size } : { resize: [size, size], crop: size };
  }
  const crops = config.flag("do_center_crop") ?? config.has("crop_size");
  const crop = crops ? sizeOf(config, "crop_size", false) : size;
  if (crop === undefined || (!crops && typeof crop === "number")) return undefined; // without a crop the shorter side says not how large the input is
  const resize = resizes ? (size ?? null) : null;
  return { resize, crop: typeof crop !== "number" && crop[0] === crop[1] ? crop[0] : crop };
}
