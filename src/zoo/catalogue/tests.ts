import { type Entries, half, timmAt } from "./entry.js";

const at160 = timmAt(160, 0.95);
const efficientnet = (norm: "" | "Ln" | "Gn" | "Evos") => ({
  family: "test-efficientnet",
  load: async () => (await import("../test-efficientnet.js"))[`testEfficientnet${norm}`],
  unverified: true as const,
});

/** timm's tiny networks of 160-pixel images, made to test with: half a million parameters and real weights. */
export const tests: Entries = {
  test_efficientnet: { ...efficientnet(""), preprocessing: at160 },
  test_efficientnet_ln: { ...efficientnet("Ln"), preprocessing: at160 },
  test_efficientnet_gn: { ...efficientnet("Gn"), preprocessing: { ...at160, ...half } },
  test_efficientnet_evos: { ...efficientnet("Evos"), preprocessing: { ...at160, ...half } },
  test_nfnet: { family: "test-nfnet", load: async () => (await import("../test-nfnet.js")).testNfnet, preprocessing: { ...at160, ...half }, unverified: true },
  test_mambaout: {
    family: "test-mambaout",
    load: async () => (await import("../test-mambaout.js")).testMambaout,
    preprocessing: timmAt(160, 1),
    unverified: true,
  },
  test_byobnet: { family: "test-byobnet", load: async () => (await import("../test-byobnet.js")).testByobnet, preprocessing: at160, unverified: true },
  test_resnet: {
    family: "resnet",
    load: async () =>
      (await import("../resnet.js")).resnet({
        depths: [1, 1, 1, 1],
        block: ["basic", "basic", "bottleneck", "basic"],
        channels: [32, 48, 48, 96],
        stem: [16, 16, 32],
        averageShortcut: true,
      }),
    preprocessing: { ...at160, ...half, interpolation: "bilinear" },
    unverified: true,
  },
};
