import type { PreprocessingDefaults } from "../../nn/architecture.js";
import { type Entries, type Entry, timm, timmAt } from "./entry.js";

const bilinear = { interpolation: "bilinear" } as const;

const repvgg = (variant: "A0" | "A1" | "A2" | "B0" | "B1" | "B1g4" | "B2" | "B2g4" | "B3" | "B3g4" | "D2se", at: PreprocessingDefaults = timm): Entry => ({
  family: "repvgg",
  load: async () => (await import("../repvgg.js"))[`repvgg${variant}`],
  preprocessing: { ...at, ...bilinear },
  unverified: true,
});
const mobileone = (variant: "S0" | "S1" | "S2" | "S3" | "S4", at: PreprocessingDefaults = timmAt(224, 0.9)): Entry => ({
  family: "mobileone",
  load: async () => (await import("../mobileone.js"))[`mobileone${variant}`],
  preprocessing: { ...at, ...bilinear },
  unverified: true,
});

/** Networks whose blocks are several convolutions while they train, and one afterwards. */
export const reparameterizable: Entries = {
  repvgg_a0: repvgg("A0"),
  repvgg_a1: repvgg("A1"),
  repvgg_a2: repvgg("A2"),
  repvgg_b0: repvgg("B0"),
  repvgg_b1: repvgg("B1"),
  repvgg_b1g4: repvgg("B1g4"),
  repvgg_b2: repvgg("B2"),
  repvgg_b2g4: repvgg("B2g4"),
  repvgg_b3: repvgg("B3"),
  repvgg_b3g4: repvgg("B3g4"),
  repvgg_d2se: repvgg("D2se", timmAt(320, 1)),
  mobileone_s0: mobileone("S0", timm),
  mobileone_s1: mobileone("S1"),
  mobileone_s2: mobileone("S2"),
  mobileone_s3: mobileone("S3"),
  mobileone_s4: mobileone("S4"),
};
