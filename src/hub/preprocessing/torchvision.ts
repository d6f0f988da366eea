import type { Preprocessing } from "../../data/preprocessing.js";

type Row = readonly [resize: number, crop: number, interpolation: "bilinear" | "bicubic"];

/** By weights, where an architecture is not among the exceptions. */
const usual = new Map<string, Row>([
  ["IMAGENET1K_V1", [256, 224, "bilinear"]],
  ["IMAGENET1K_V2", [232, 224, "bilinear"]],
  ["IMAGENET1K_SWAG_LINEAR_V1", [224, 224, "bicubic"]],
  ["IMAGENET1K_SWAG_E2E_V1", [384, 384, "bicubic"]],
]);

const exceptions = new Map<string, Row>([
  ["convnext_tiny.IMAGENET1K_V1", [236, 224, "bilinear"]],
  ["convnext_small.IMAGENET1K_V1", [230, 224, "bilinear"]],
  ["convnext_base.IMAGENET1K_V1", [232, 224, "bilinear"]],
  ["convnext_large.IMAGENET1K_V1", [232, 224, "bilinear"]],
  ["efficientnet_b0.IMAGENET1K_V1", [256, 224, "bicubic"]],
  ["efficientnet_b1.IMAGENET1K_V1", [256, 240, "bicubic"]],
  ["efficientnet_b1.IMAGENET1K_V2", [255, 240, "bilinear"]],
  ["efficientnet_b2.IMAGENET1K_V1", [288, 288, "bicubic"]],
  ["efficientnet_b3.IMAGENET1K_V1", [320, 300, "bicubic"]],
  ["efficientnet_b4.IMAGENET1K_V1", [384, 380, "bicubic"]],
  ["efficientnet_b5.IMAGENET1K_V1", [456, 456, "bicubic"]],
  ["efficientnet_b6.IMAGENET1K_V1", [528, 528, "bicubic"]],
  ["efficientnet_b7.IMAGENET1K_V1", [600, 600, "bicubic"]],
  ["efficientnet_v2_s.IMAGENET1K_V1", [384, 384, "bilinear"]],
  ["efficientnet_v2_m.IMAGENET1K_V1", [480, 480, "bilinear"]],
  ["efficientnet_v2_l.IMAGENET1K_V1", [480, 480, "bicubic"]],
  ["inception_v3.IMAGENET1K_V1", [342, 299, "bilinear"]],
  ["maxvit_t.IMAGENET1K_V1", [224, 224, "bicubic"]],
  ["mnasnet0_75.IMAGENET1K_V1", [232, 224, "bilinear"]],
  ["mnasnet1_3.IMAGENET1K_V1", [232, 224, "bilinear"]],
  ["resnext101_64x4d.IMAGENET1K_V1", [232, 224, "bilinear"]],
  ["shufflenet_v2_x1_5.IMAGENET1K_V1", [232, 224, "bilinear"]],
  ["shufflenet_v2_x2_0.IMAGENET1K_V1", [232, 224, "bilinear"]],
  ["swin_t.IMAGENET1K_V1", [232, 224, "bicubic"]],
  ["swin_s.IMAGENET1K_V1", [246, 224, "bicubic"]],
  ["swin_b.IMAGENET1K_V1", [238, 224, "bicubic"]],
  ["swin_v2_t.IMAGENET1K_V1", [260, 256, "bicubic"]],
  ["swin_v2_s.IMAGENET1K_V1", [260, 256, "bicubic"]],
  ["swin_v2_b.IMAGENET1K_V1", [272, 256, "bicubic"]],
  ["vit_h_14.IMAGENET1K_SWAG_E2E_V1", [518, 518, "bicubic"]],
  ["vit_l_16.IMAGENET1K_V1", [242, 224, "bilinear"]],
  ["vit_l_16.IMAGENET1K_SWAG_E2E_V1", [512, 512, "bicubic"]],
]);

/**
 * Mean and std of 0.5. torchvision gives the first two images normalised as for its other networks, and turns them into -1..1
 * inside (`transform_input`), which the networks here do not.
 */
const halves = new Set(["googlenet", "inception_v3", "efficientnet_v2_l"]);

/**
 * What the evaluation transform of torchvision's weights does, by names such as `resnet50` and `IMAGENET1K_V2`.
 *
 * @returns undefined for a name of weights that is not torchvision's
 * @see torchvision `get_model_weights(name)[tag].transforms()`
 */
export function torchvisionPreprocessing(architecture: string, tag: string): Preprocessing | undefined {
  if (`${architecture}.${tag}` === "vgg16.IMAGENET1K_FEATURES")
    return { resize: 256, crop: 224, interpolation: "bilinear", mean: [0.48235, 0.45882, 0.40784], std: [1 / 255, 1 / 255, 1 / 255] };
  const row = exceptions.get(`${architecture}.${tag}`) ?? usual.get(tag);
  if (!row) return undefined;
  const [resize, crop, interpolation] = row;
  const isHalf = halves.has(architecture);
  return {
    resize,
    crop,
    interpolation,
    mean: isHalf ? [0.5, 0.5, 0.5] : [0.485, 0.456, 0.406],
    std: isHalf ? [0.5, 0.5, 0.5] : [0.229, 0.224, 0.225],
  };
}
