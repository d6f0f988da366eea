import type { PreprocessingDefaults } from "../../nn/architecture.js";
import { type Entries, imagenet } from "./entry.js";

/** CIFAR and the like: images have the network's size. */
const plain = (size: number, statistics: Pick<PreprocessingDefaults, "mean" | "std">): PreprocessingDefaults => ({
  resize: size,
  crop: size,
  interpolation: "bilinear",
  ...statistics,
});

export const small: Entries = {
  resnet20: {
    family: "resnet-cifar",
    load: async () => (await import("../resnet-cifar.js")).resnet20,
    preprocessing: plain(32, imagenet),
    defaultClasses: 10,
  },
  ocelli_s: {
    family: "ocelli",
    load: async () => (await import("../ocelli.js")).ocelliSmall,
    preprocessing: plain(112, imagenet),
    defaultClasses: 200,
  },
  small_cnn: {
    family: "small-cnn",
    load: async () => (await import("../small-cnn.js")).smallCnn,
    preprocessing: { ...plain(28, { mean: [0.5], std: [0.5] }), channels: 1 },
    defaultClasses: 10,
  },
};
