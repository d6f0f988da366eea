import type { PreprocessingDefaults } from "../../nn/architecture.js";
import type { RegNetVariant } from "../regnet.js";
import { type Entries, type Entry, timm, timmAt, torchvision } from "./entry.js";

type Shape = Omit<RegNetVariant, "excite">;
const shape = (widths: readonly number[], depths: readonly number[], groupWidth: number): Shape => ({ widths, depths, groupWidth });

const entry =
  (naming: "torchvision" | "timm", excite: boolean) =>
  ({ widths, depths, groupWidth }: Shape, preprocessing: PreprocessingDefaults): Entry => ({
    family: "regnet",
    load: async () => (await import("../regnet.js")).regnet({ widths, depths, groupWidth, excite }),
    preprocessing,
    options: { naming },
    ...(naming === "timm" && { unverified: true }),
  });

const [torchvisionX, torchvisionY] = [entry("torchvision", false), entry("torchvision", true)];
const [timmX, timmY] = [entry("timm", false), entry("timm", true)];

/** Radosavovic et al. 2020, tables 8 and 9, by hundreds of millions of multiply-adds; `tv`: rounded as torchvision does. */
const x = {
  "002": shape([24, 56, 152, 368], [1, 1, 4, 7], 8),
  "004": shape([32, 64, 160, 384], [1, 2, 7, 12], 16),
  "004_tv": shape([32, 64, 160, 400], [1, 2, 7, 12], 16),
  "006": shape([48, 96, 240, 528], [1, 3, 5, 7], 24),
  "008": shape([64, 128, 288, 672], [1, 3, 7, 5], 16),
  "016": shape([72, 168, 408, 912], [2, 4, 10, 2], 24),
  "032": shape([96, 192, 432, 1008], [2, 6, 15, 2], 48),
  "040": shape([80, 240, 560, 1360], [2, 5, 14, 2], 40),
  "064": shape([168, 392, 784, 1624], [2, 4, 10, 1], 56),
  "080": shape([80, 240, 720, 1920], [2, 5, 15, 1], 120),
  "120": shape([224, 448, 896, 2240], [2, 5, 11, 1], 112),
  "160": shape([256, 512, 896, 2048], [2, 6, 13, 1], 128),
  "320": shape([336, 672, 1344, 2520], [2, 7, 13, 1], 168),
};
const y = {
  "002": shape([24, 56, 152, 368], [1, 1, 4, 7], 8),
  "004": shape([48, 104, 208, 440], [1, 3, 6, 6], 8),
  "006": shape([48, 112, 256, 608], [1, 3, 7, 4], 16),
  "008": shape([64, 128, 320, 768], [1, 3, 8, 2], 16),
  "008_tv": shape([64, 144, 320, 784], [1, 3, 8, 2], 16),
  "016": shape([48, 120, 336, 888], [2, 6, 17, 2], 24),
  "032": shape([72, 216, 576, 1512], [2, 5, 13, 1], 24),
  "040": shape([128, 192, 512, 1088], [2, 6, 12, 2], 64),
  "064": shape([144, 288, 576, 1296], [2, 7, 14, 2], 72),
  "080": shape([168, 448, 896, 2016], [2, 4, 10, 1], 56),
  "080_tv": shape([224, 448, 896, 2016], [2, 4, 10, 1], 56),
  "120": shape([224, 448, 896, 2240], [2, 5, 11, 1], 112),
  "160": shape([224, 448, 1232, 3024], [2, 4, 11, 1], 112),
  "320": shape([232, 696, 1392, 3712], [2, 5, 12, 1], 232),
};

/** How timm evaluates torchvision's second weights, and its own. */
const second = timmAt(224, 0.965);
const own = timmAt(224, 0.95);

export const regnets: Entries = {
  regnet_x_400mf: torchvisionX(x["004_tv"], torchvision),
  regnet_x_800mf: torchvisionX(x["008"], torchvision),
  regnet_x_1_6gf: torchvisionX(x["016"], torchvision),
  regnet_x_3_2gf: torchvisionX(x["032"], torchvision),
  regnet_x_8gf: torchvisionX(x["080"], torchvision),
  regnet_x_16gf: torchvisionX(x["160"], torchvision),
  regnet_x_32gf: torchvisionX(x["320"], torchvision),
  regnet_y_400mf: torchvisionY(y["004"], torchvision),
  regnet_y_800mf: torchvisionY(y["008_tv"], torchvision),
  regnet_y_1_6gf: torchvisionY(y["016"], torchvision),
  regnet_y_3_2gf: torchvisionY(y["032"], torchvision),
  regnet_y_8gf: torchvisionY(y["080_tv"], torchvision),
  regnet_y_16gf: torchvisionY(y["160"], torchvision),
  regnet_y_32gf: torchvisionY(y["320"], torchvision),

  regnetx_002: timmX(x["002"], timm),
  regnetx_004: timmX(x["004"], timm),
  regnetx_004_tv: timmX(x["004_tv"], second),
  regnetx_006: timmX(x["006"], timm),
  regnetx_008: timmX(x["008"], second),
  regnetx_016: timmX(x["016"], second),
  regnetx_032: timmX(x["032"], second),
  regnetx_040: timmX(x["040"], timm),
  regnetx_064: timmX(x["064"], timm),
  regnetx_080: timmX(x["080"], second),
  regnetx_120: timmX(x["120"], timm),
  regnetx_160: timmX(x["160"], second),
  regnetx_320: timmX(x["320"], second),
  regnety_002: timmY(y["002"], timm),
  regnety_004: timmY(y["004"], second),
  regnety_006: timmY(y["006"], timm),
  regnety_008: timmY(y["008"], timm),
  regnety_008_tv: timmY(y["008_tv"], second),
  regnety_016: timmY(y["016"], second),
  regnety_032: timmY(y["032"], own),
  regnety_040: timmY(y["040"], own),
  regnety_064: timmY(y["064"], own),
  regnety_080: timmY(y["080"], own),
  regnety_080_tv: timmY(y["080_tv"], second),
  regnety_120: timmY(y["120"], own),
  regnety_160: timmY(y["160"], own),
  regnety_320: timmY(y["320"], second),
};
