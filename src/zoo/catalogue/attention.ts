import type { PreprocessingDefaults } from "../../nn/architecture.js";
import type { ConvNextOptions, ConvNextVariant } from "../convnext.js";
import type { SwinVariant } from "../swin.js";
import type { VitVariant } from "../vit.js";
import { type Entries, type Entry, half, timm, timmAt, torchvision } from "./entry.js";

/** torchvision's, with another size before the crop. */
const from = (resize: number, interpolation: "bilinear" | "bicubic" = "bilinear"): PreprocessingDefaults => ({ ...torchvision, resize, interpolation });
const large = timmAt(224, 0.9);
const at384 = timmAt(384, 1);
const small = { ...timmAt(160, 0.95), ...half };
const unverified = { unverified: true } as const;

function convNext(variant: ConvNextVariant, preprocessing: PreprocessingDefaults, native?: Partial<ConvNextOptions>): Entry {
  return { family: "convnext", load: async () => (await import("../convnext.js")).convNext(variant, native), preprocessing };
}

function vit(variant: VitVariant, preprocessing: PreprocessingDefaults, naming: "timm" | "torchvision" = "timm"): Entry {
  const native = { naming, imageSize: preprocessing.crop };
  return { family: "vit", load: async () => (await import("../vit.js")).vit(variant, native), preprocessing };
}

function swin(variant: SwinVariant, preprocessing: PreprocessingDefaults, naming: "timm" | "torchvision" = "timm"): Entry {
  return { family: "swin", load: async () => (await import("../swin.js")).swin(variant, { naming }), preprocessing };
}

const ofTimm = {
  convNext: (variant: ConvNextVariant, preprocessing = timm, native?: Partial<ConvNextOptions>): Entry => ({
    ...convNext(variant, preprocessing, native),
    ...unverified,
  }),
  vit: (variant: VitVariant, preprocessing = large): Entry => ({ ...vit(variant, preprocessing), ...unverified }),
  swin: (variant: SwinVariant): Entry => ({ ...swin(variant, large), ...unverified }),
};

/** Channels by stage: each has twice as many as the one before. */
const stages = (channels: number) => [channels, 2 * channels, 4 * channels, 8 * channels];
const pico = [2, 2, 6, 2];
const nano = [2, 2, 8, 2];
const tiny = [3, 3, 9, 3];
const deep = [3, 3, 27, 3];
const v2 = { responseNorm: true } as const;
const convolutions = { convolutions: true } as const;
const named = { naming: "torchvision" } as const;
const tanh = { activation: "geluTanh" } as const;

const vitTiny = { channels: 192, depth: 12, heads: 3 };
const vitSmall = { channels: 384, depth: 12, heads: 6 };
const vitBase = { channels: 768, depth: 12, heads: 12 };
const vitLarge = { channels: 1024, depth: 24, heads: 16 };
const vitMedium = { channels: 512, depth: 12, heads: 8 };
const deit3 = { layerScale: 1e-6, patchPositions: true } as const;
const distilled = { tokens: ["cls_token", "dist_token"] } as const;
const dinov2 = { patch: 14, layerScale: 1e-5 };
const registers = { tokens: ["cls_token", "reg_token"], registers: 4, patchPositions: true } as const;
const testVit = { channels: 64, heads: 2, mlpRatio: 3 };
const testVit3 = { channels: 96, depth: 9, heads: 3, layerScale: 1e-5, tokens: ["reg_token"] } as const;

const swinTiny = { depths: [2, 2, 6, 2], channels: 96, heads: 3 };
const swinSmall = { depths: [2, 2, 18, 2], channels: 96, heads: 3 };
const swinBase = { depths: [2, 2, 18, 2], channels: 128, heads: 4 };

export const attention: Entries = {
  convnext_tiny: convNext({ depths: tiny, channels: stages(96) }, from(236), named),
  convnext_small: convNext({ depths: deep, channels: stages(96) }, from(230), named),
  convnext_base: convNext({ depths: deep, channels: stages(128) }, from(232), named),
  convnext_atto: ofTimm.convNext({ depths: pico, channels: stages(40), ...convolutions }),
  convnext_femto: ofTimm.convNext({ depths: pico, channels: stages(48), ...convolutions }),
  convnext_pico: ofTimm.convNext({ depths: pico, channels: stages(64), ...convolutions }),
  convnext_nano: ofTimm.convNext({ depths: nano, channels: stages(80), ...convolutions }, timmAt(224, 0.95)),
  convnextv2_atto: ofTimm.convNext({ depths: pico, channels: stages(40), ...convolutions, ...v2 }),
  convnextv2_femto: ofTimm.convNext({ depths: pico, channels: stages(48), ...convolutions, ...v2 }),
  convnextv2_pico: ofTimm.convNext({ depths: pico, channels: stages(64), ...convolutions, ...v2 }),
  convnextv2_nano: ofTimm.convNext({ depths: nano, channels: stages(80), ...convolutions, ...v2 }),
  convnextv2_tiny: ofTimm.convNext({ depths: tiny, channels: stages(96), ...v2 }),
  convnextv2_small: ofTimm.convNext({ depths: deep, channels: stages(96), ...v2 }),
  convnextv2_base: ofTimm.convNext({ depths: deep, channels: stages(128), ...v2 }),
  test_convnext: ofTimm.convNext({ depths: [1, 2, 4, 2], channels: [24, 32, 48, 64], ...tanh }, small, { epsilon: 1e-5 }),
  test_convnext2: ofTimm.convNext({ depths: [1, 1, 1, 1], channels: [32, 64, 96, 128], ...tanh }, small, { epsilon: 1e-5 }),
  test_convnext3: ofTimm.convNext({ depths: [1, 1, 1, 1], channels: [32, 64, 96, 128], kernels: [7, 5, 5, 3], activation: "silu" }, small, { epsilon: 1e-5 }),

  vit_b_16: vit(vitBase, torchvision, "torchvision"),
  vit_b_32: vit({ ...vitBase, patch: 32 }, torchvision, "torchvision"),
  vit_l_16: vit(vitLarge, from(242), "torchvision"),
  vit_tiny_patch16_224: ofTimm.vit(vitTiny, { ...large, ...half }),
  vit_small_patch16_224: ofTimm.vit(vitSmall, { ...large, ...half }),
  vit_base_patch16_224: ofTimm.vit(vitBase, { ...large, ...half }),
  vit_small_patch32_224: ofTimm.vit({ ...vitSmall, patch: 32 }, { ...large, ...half }),
  vit_base_patch32_224: ofTimm.vit({ ...vitBase, patch: 32 }, { ...large, ...half }),
  vit_small_patch8_224: ofTimm.vit({ ...vitSmall, patch: 8 }),
  vit_base_patch8_224: ofTimm.vit({ ...vitBase, patch: 8 }, { ...large, ...half }),
  vit_tiny_patch16_384: ofTimm.vit(vitTiny, { ...at384, ...half }),
  vit_small_patch16_384: ofTimm.vit(vitSmall, { ...at384, ...half }),
  vit_base_patch16_384: ofTimm.vit(vitBase, { ...at384, ...half }),
  vit_small_patch32_384: ofTimm.vit({ ...vitSmall, patch: 32 }, { ...at384, ...half }),
  vit_base_patch32_384: ofTimm.vit({ ...vitBase, patch: 32 }, { ...at384, ...half }),
  deit_tiny_patch16_224: ofTimm.vit(vitTiny),
  deit_small_patch16_224: ofTimm.vit(vitSmall),
  deit_base_patch16_224: ofTimm.vit(vitBase),
  deit_tiny_distilled_patch16_224: ofTimm.vit({ ...vitTiny, ...distilled }),
  deit_small_distilled_patch16_224: ofTimm.vit({ ...vitSmall, ...distilled }),
  deit_base_distilled_patch16_224: ofTimm.vit({ ...vitBase, ...distilled }),
  deit_base_patch16_384: ofTimm.vit(vitBase, at384),
  deit_base_distilled_patch16_384: ofTimm.vit({ ...vitBase, ...distilled }, at384),
  deit3_small_patch16_224: ofTimm.vit({ ...vitSmall, ...deit3 }),
  deit3_medium_patch16_224: ofTimm.vit({ ...vitMedium, ...deit3 }),
  deit3_base_patch16_224: ofTimm.vit({ ...vitBase, ...deit3 }),
  deit3_small_patch16_384: ofTimm.vit({ ...vitSmall, ...deit3 }, at384),
  deit3_base_patch16_384: ofTimm.vit({ ...vitBase, ...deit3 }, at384),
  vit_small_patch14_dinov2: ofTimm.vit({ ...vitSmall, ...dinov2 }, timmAt(518, 1)),
  vit_base_patch14_dinov2: ofTimm.vit({ ...vitBase, ...dinov2 }, timmAt(518, 1)),
  vit_small_patch14_reg4_dinov2: ofTimm.vit({ ...vitSmall, ...dinov2, ...registers }, timmAt(518, 1)),
  vit_base_patch14_reg4_dinov2: ofTimm.vit({ ...vitBase, ...dinov2, ...registers }, timmAt(518, 1)),
  test_vit: ofTimm.vit({ ...testVit, depth: 6 }, small),
  test_vit2: ofTimm.vit({ ...testVit, depth: 8, layerScale: 1e-5, tokens: ["reg_token"], pool: "mean" }, small),
  test_vit3: ofTimm.vit({ ...testVit3, mlpRatio: 2, pool: "attention" }, small),
  test_vit4: ofTimm.vit({ ...testVit3, mlpRatio: 3, pool: "mean", rmsNorm: true }, small),

  swin_t: swin(swinTiny, from(232, "bicubic"), "torchvision"),
  swin_s: swin(swinSmall, from(246, "bicubic"), "torchvision"),
  swin_b: swin(swinBase, from(238, "bicubic"), "torchvision"),
  swin_tiny_patch4_window7_224: ofTimm.swin(swinTiny),
  swin_small_patch4_window7_224: ofTimm.swin(swinSmall),
  swin_base_patch4_window7_224: ofTimm.swin(swinBase),
};
