import { defaultTags } from "./default-tags.js";
import { torchvisionPreprocessing } from "./preprocessing/torchvision.js";
import type { Preprocessing } from "../data/preprocessing.js";

/** Weights that an architecture's name and a tag stand for. */
export interface Published {
  /** Repository of the hub; absent where they are published as pickles only. */
  readonly repo?: string;
  /** What is known of it besides what the repository says. */
  readonly preprocessing?: Preprocessing;
}

/** torchvision's name of a RegNet -> timm's; timm has torchvision's second weights of each. */
const regnets = new Map(
  ["400mf:004", "800mf:008", "1_6gf:016", "3_2gf:032", "8gf:080", "16gf:160", "32gf:320"].flatMap((pair) => {
    const [theirs, size] = pair.split(":");
    // Where the variant was timm's before, or differs from torchvision's in width, timm's name says which it is.
    const x = size === "004" ? "_tv" : "";
    const y = size === "008" || size === "080" ? "_tv" : "";
    return [
      [`regnet_x_${theirs}`, `regnetx_${size}${x}`],
      [`regnet_y_${theirs}`, `regnety_${size}${y}`],
    ];
  }),
);

/** Families whose weights timm republishes as safetensors under torchvision's own names, by the weights that it has. */
const republished: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(resnet(18|34)|vgg\d\d(_bn)?|densenet(121|161|169|201)|inception_v3|resnext101_64x4d)$/, ["IMAGENET1K_V1"]],
  [/^(resnet(50|101|152)|wide_resnet(50|101)_2|resnext(50_32x4d|101_32x8d))$/, ["IMAGENET1K_V1", "IMAGENET1K_V2"]],
];

/**
 * Where the weights of `architecture` with `tag` are published: timm's tags name repositories of `timm/`; torchvision's
 * (`IMAGENET1K_V1`, ...) those of timm's copies, where it has them.
 *
 * @param tag default the one that timm takes where none is given
 */
export function published(architecture: string, tag = defaultTags.get(architecture)): Published {
  if (tag === undefined) return {};
  const preprocessing = torchvisionPreprocessing(architecture, tag);
  if (!preprocessing) return { repo: `timm/${architecture}.${tag}` };
  const regnet = tag === "IMAGENET1K_V2" ? regnets.get(architecture) : undefined;
  const isRepublished = republished.some(([names, tags]) => names.test(architecture) && tags.includes(tag));
  const timm = tag === "IMAGENET1K_V1" ? "tv_in1k" : "tv2_in1k";
  return { preprocessing, repo: regnet || isRepublished ? `timm/${regnet ?? architecture}.${timm}` : undefined };
}
