import type { PreprocessingDefaults } from "../../nn/architecture.js";
import { type Entries, type Entry, half, timm, timmAt, torchvision, torchvision2 } from "./entry.js";

const unverified = true as const;
const bilinear = { ...timm, interpolation: "bilinear" } as const;

const v1 = { family: "mobilenet-v1", load: async () => (await import("../mobilenet-v1.js")).mobilenetV1 };
const v2 = { family: "mobilenet-v2", load: async () => (await import("../mobilenet-v2.js")).mobilenetV2 };
const v3 = (variant: "Small" | "Large" | "SmallMinimal" | "LargeMinimal" | "Rw") => ({
  family: "mobilenet-v3",
  load: async () => (await import("../mobilenet-v3.js"))[`mobilenetV3${variant}`],
});

const v4 = (variant: "Small" | "Medium" | "Large" | "MediumMean" | "LargeMean" | "MediumBlur", preprocessing: PreprocessingDefaults, width = 1): Entry => ({
  family: "mobilenet-v4",
  load: async () => (await import("../mobilenet-v4.js"))[`mobilenetV4${variant}`],
  preprocessing,
  options: { width },
  unverified,
});
const v4Hybrid = (variant: "Medium" | "Large", preprocessing: PreprocessingDefaults, width = 1): Entry => ({
  family: "mobilenet-v4-hybrid",
  load: async () => (await import("../mobilenet-v4-hybrid.js"))[`mobilenetV4Hybrid${variant}`],
  preprocessing,
  options: { width },
  unverified,
});
const lcnet = (width: number, preprocessing: PreprocessingDefaults = timm): Entry => ({
  family: "lcnet",
  load: async () => (await import("../lcnet.js")).lcnet,
  preprocessing,
  options: { width },
  unverified,
});
const ghostnet = (width: number): Entry => ({
  family: "ghostnet",
  load: async () => (await import("../ghostnet.js")).ghostnet,
  preprocessing: timm,
  options: { width },
  unverified,
});
const mnasnet = (variant: "A1" | "B1" | "Small", width = 1): Entry => ({
  family: "mnasnet",
  load: async () => (await import("../mnasnet.js"))[`mnasnet${variant}`],
  preprocessing: timm,
  options: { width },
  unverified,
});

const torchvisionMnasnet = (width: number, preprocessing = torchvision): Entry => ({
  family: "mnasnet",
  load: async () => (await import("../mnasnet.js")).mnasnetB1,
  preprocessing,
  options: { width, naming: "torchvision" },
});

/** timm's MobileNetV2 of this width and depth. */
const timmV2 = (width: number, depth = 1): Entry => ({ ...v2, preprocessing: timm, options: { naming: "timm", width, depth }, unverified });
/** timm's MobileNetV3, trained in PyTorch. */
const timmV3 = (variant: "Small" | "Large", width: number, preprocessing: PreprocessingDefaults = timm): Entry => ({
  ...v3(variant),
  preprocessing,
  options: { width },
  unverified,
});
/** timm's MobileNetV3 with TensorFlow's weights. */
const tfV3 = (variant: Parameters<typeof v3>[0], width = 1): Entry => ({
  ...v3(variant),
  preprocessing: { ...bilinear, ...half },
  options: { width, padding: "same", epsilon: 1e-3 },
  unverified,
});

export const mobile: Entries = {
  mobilenet_v1: { ...v1, preprocessing: { ...timm, ...half } },
  mobilenet_v1_025: { ...v1, preprocessing: { resize: 146, crop: 128, interpolation: "bilinear", ...half }, options: { width: 0.25 } },
  mobilenetv1_100: { ...v1, preprocessing: { ...timm, ...half }, unverified },
  mobilenetv1_125: { ...v1, preprocessing: { ...timmAt(224, 0.9), ...half }, options: { width: 1.25 }, unverified },
  mobilenetv1_100h: { ...v1, load: async () => (await import("../mobilenet-v1.js")).mobilenetV1Head, preprocessing: { ...timm, ...half }, unverified },

  mobilenet_v2: { ...v2, preprocessing: torchvision },
  mobilenetv2_035: timmV2(0.35),
  mobilenetv2_050: timmV2(0.5),
  mobilenetv2_075: timmV2(0.75),
  mobilenetv2_100: timmV2(1),
  mobilenetv2_110d: timmV2(1.1, 1.2),
  mobilenetv2_120d: timmV2(1.2, 1.4),
  mobilenetv2_140: timmV2(1.4),

  mobilenet_v3_small: { ...v3("Small"), preprocessing: torchvision, options: { naming: "torchvision" } },
  mobilenet_v3_large: { ...v3("Large"), preprocessing: torchvision, options: { naming: "torchvision" } },
  mobilenetv3_small_050: timmV3("Small", 0.5),
  mobilenetv3_small_075: timmV3("Small", 0.75),
  mobilenetv3_small_100: timmV3("Small", 1),
  mobilenetv3_large_075: timmV3("Large", 0.75, bilinear),
  mobilenetv3_large_100: timmV3("Large", 1),
  mobilenetv3_large_150d: {
    ...v3("Large"),
    preprocessing: { ...timmAt(256, 0.95), interpolation: "bilinear", ...half },
    options: { width: 1.5, depth: 1.2 },
    unverified,
  },
  mobilenetv3_rw: { ...v3("Rw"), preprocessing: timm, options: { epsilon: 1e-3 }, unverified },
  tf_mobilenetv3_small_075: tfV3("Small", 0.75),
  tf_mobilenetv3_small_100: tfV3("Small"),
  tf_mobilenetv3_small_minimal_100: tfV3("SmallMinimal"),
  tf_mobilenetv3_large_075: tfV3("Large", 0.75),
  tf_mobilenetv3_large_100: tfV3("Large"),
  tf_mobilenetv3_large_minimal_100: tfV3("LargeMinimal"),

  mobilenetv4_conv_small_035: v4("Small", { ...timm, ...half }, 0.35),
  mobilenetv4_conv_small_050: v4("Small", { ...timm, ...half }, 0.5),
  mobilenetv4_conv_small: v4("Small", timm),
  mobilenetv4_conv_medium: v4("Medium", timmAt(256, 0.95)),
  mobilenetv4_conv_large: v4("Large", timmAt(384, 0.95)),
  mobilenetv4_conv_aa_medium: v4("MediumMean", timmAt(256, 0.95)),
  mobilenetv4_conv_aa_large: v4("LargeMean", timmAt(448, 0.95)),
  mobilenetv4_conv_blur_medium: v4("MediumBlur", timmAt(224, 0.95)),
  mobilenetv4_hybrid_medium_075: v4Hybrid("Medium", timmAt(224, 0.95), 0.75),
  mobilenetv4_hybrid_medium: v4Hybrid("Medium", timmAt(256, 0.95)),
  mobilenetv4_hybrid_large_075: v4Hybrid("Large", timmAt(256, 0.95), 0.75),
  mobilenetv4_hybrid_large: v4Hybrid("Large", timmAt(384, 0.95)),

  lcnet_035: lcnet(0.35, bilinear),
  lcnet_050: lcnet(0.5),
  lcnet_075: lcnet(0.75),
  lcnet_100: lcnet(1),
  lcnet_150: lcnet(1.5, bilinear),

  mnasnet0_5: torchvisionMnasnet(0.5),
  mnasnet0_75: torchvisionMnasnet(0.75, torchvision2),
  mnasnet1_0: torchvisionMnasnet(1),
  mnasnet1_3: torchvisionMnasnet(1.3, torchvision2),
  mnasnet_small: mnasnet("Small"),
  mnasnet_050: mnasnet("B1", 0.5),
  mnasnet_075: mnasnet("B1", 0.75),
  mnasnet_100: mnasnet("B1"),
  mnasnet_140: mnasnet("B1", 1.4),
  semnasnet_050: mnasnet("A1", 0.5),
  semnasnet_075: mnasnet("A1", 0.75),
  semnasnet_100: mnasnet("A1"),
  semnasnet_140: mnasnet("A1", 1.4),

  ghostnet_050: ghostnet(0.5),
  ghostnet_100: ghostnet(1),
  ghostnet_130: ghostnet(1.3),
};
