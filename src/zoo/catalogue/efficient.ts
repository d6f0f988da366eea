import type { PreprocessingDefaults } from "../../nn/architecture.js";
import { type Entries, type Entry, half, timm, timmAt, torchvision } from "./entry.js";

type Variant = "" | "Lite" | "V2Base" | "V2Small" | "V2Medium" | "V2Large" | "V2ExtraLarge" | "V2Rw";

/** Width, depth, dropout. */
type Scaling = readonly [width: number, depth: number, dropout: number];

/** Tan & Le 2019, and the authors' code. */
const b = {
  0: [1, 1, 0.2],
  1: [1, 1.1, 0.2],
  2: [1.1, 1.2, 0.3],
  3: [1.2, 1.4, 0.3],
  4: [1.4, 1.8, 0.4],
  5: [1.6, 2.2, 0.4],
  6: [1.8, 2.6, 0.5],
  7: [2, 3.1, 0.5],
} as const satisfies Record<number, Scaling>;

const net = (variant: Variant, preprocessing: PreprocessingDefaults, [width, depth, dropout]: Scaling): Entry => ({
  family: "efficientnet",
  load: async () => (await import("../efficientnet.js"))[`efficientnet${variant}`],
  preprocessing,
  options: { width, depth, dropout },
});

/** timm's; trained in PyTorch. */
function ofTimm(variant: Variant, preprocessing: PreprocessingDefaults, scaling: Scaling): Entry {
  const entry = net(variant, preprocessing, scaling);
  return { ...entry, options: { ...entry.options, naming: "timm" }, unverified: true };
}

/** timm's with TensorFlow's weights. */
function ofTensorFlow(variant: Variant, preprocessing: PreprocessingDefaults, scaling: Scaling): Entry {
  const entry = ofTimm(variant, preprocessing, scaling);
  return { ...entry, options: { ...entry.options, padding: "same", epsilon: 1e-3 } };
}

/** torchvision's evaluation of a network at its own size. */
const at = (resize: number, crop: number, interpolation: "bilinear" | "bicubic" = "bicubic"): PreprocessingDefaults => ({
  ...torchvision,
  resize,
  crop,
  interpolation,
});
const signed = (preprocessing: PreprocessingDefaults): PreprocessingDefaults => ({ ...preprocessing, ...half });
const bilinear = (preprocessing: PreprocessingDefaults): PreprocessingDefaults => ({ ...preprocessing, interpolation: "bilinear" });

export const efficient: Entries = {
  efficientnet_b0: net("", at(256, 224), b[0]),
  efficientnet_b1: net("", at(256, 240), b[1]),
  efficientnet_b2: net("", at(288, 288), b[2]),
  efficientnet_b3: net("", at(320, 300), b[3]),
  efficientnet_b4: net("", at(384, 380), b[4]),
  efficientnet_b5: net("", at(456, 456), b[5]),
  efficientnet_b6: net("", at(528, 528), b[6]),
  efficientnet_b7: net("", at(600, 600), b[7]),
  efficientnet_v2_s: net("V2Small", at(384, 384, "bilinear"), [1, 1, 0.2]),
  efficientnet_v2_m: net("V2Medium", at(480, 480, "bilinear"), [1, 1, 0.3]),
  efficientnet_v2_l: net("V2Large", signed(at(480, 480)), [1, 1, 0.4]),

  efficientnet_lite0: ofTimm("Lite", timm, b[0]),
  efficientnet_lite1: ofTimm("Lite", timmAt(240, 0.882), b[1]),
  efficientnet_lite2: ofTimm("Lite", timmAt(260, 0.89), b[2]),
  efficientnet_lite3: ofTimm("Lite", timmAt(300, 0.904), b[3]),
  efficientnet_lite4: ofTimm("Lite", timmAt(380, 0.922), b[4]),
  efficientnetv2_s: ofTimm("V2Small", timmAt(288, 1), [1, 1, 0.2]),
  efficientnetv2_m: ofTimm("V2Medium", timmAt(320, 1), [1, 1, 0.3]),
  efficientnetv2_l: ofTimm("V2Large", timmAt(384, 1), [1, 1, 0.4]),
  efficientnetv2_xl: ofTimm("V2ExtraLarge", timmAt(384, 1), [1, 1, 0.4]),
  efficientnetv2_rw_t: ofTimm("V2Small", timmAt(224, 1), [0.8, 0.9, 0.2]),
  efficientnetv2_rw_s: ofTimm("V2Rw", timmAt(288, 1), [1, 1, 0.2]),

  tf_efficientnet_b0: ofTensorFlow("", timm, b[0]),
  tf_efficientnet_b1: ofTensorFlow("", timmAt(240, 0.882), b[1]),
  tf_efficientnet_b2: ofTensorFlow("", timmAt(260, 0.89), b[2]),
  tf_efficientnet_b3: ofTensorFlow("", timmAt(300, 0.904), b[3]),
  tf_efficientnet_b4: ofTensorFlow("", timmAt(380, 0.922), b[4]),
  tf_efficientnet_b5: ofTensorFlow("", timmAt(456, 0.934), b[5]),
  tf_efficientnet_b6: ofTensorFlow("", timmAt(528, 0.942), b[6]),
  tf_efficientnet_b7: ofTensorFlow("", timmAt(600, 0.949), b[7]),
  tf_efficientnet_lite0: ofTensorFlow("Lite", signed(timm), b[0]),
  tf_efficientnet_lite1: ofTensorFlow("Lite", signed(timmAt(240, 0.882)), b[1]),
  tf_efficientnet_lite2: ofTensorFlow("Lite", signed(timmAt(260, 0.89)), b[2]),
  tf_efficientnet_lite3: ofTensorFlow("Lite", bilinear(signed(timmAt(300, 0.904))), b[3]),
  tf_efficientnet_lite4: ofTensorFlow("Lite", bilinear(signed(timmAt(380, 0.92))), b[4]),
  tf_efficientnetv2_b0: ofTensorFlow("V2Base", timmAt(192, 0.875), [1, 1, 0.2]),
  tf_efficientnetv2_b1: ofTensorFlow("V2Base", timmAt(192, 0.882), [1, 1.1, 0.2]),
  tf_efficientnetv2_b2: ofTensorFlow("V2Base", timmAt(208, 0.89), [1.1, 1.2, 0.3]),
  tf_efficientnetv2_b3: ofTensorFlow("V2Base", signed(timmAt(240, 0.9)), [1.2, 1.4, 0.3]),
  tf_efficientnetv2_s: ofTensorFlow("V2Small", signed(timmAt(300, 1)), [1, 1, 0.2]),
  tf_efficientnetv2_m: ofTensorFlow("V2Medium", signed(timmAt(384, 1)), [1, 1, 0.3]),
  tf_efficientnetv2_l: ofTensorFlow("V2Large", signed(timmAt(384, 1)), [1, 1, 0.4]),
  tf_efficientnetv2_xl: ofTensorFlow("V2ExtraLarge", signed(timmAt(384, 1)), [1, 1, 0.4]),
};
