import type { PreprocessingDefaults } from "../../nn/architecture.js";
import type { VggVariant } from "../vgg.js";
import type { DenseNetVariant } from "../densenet.js";
import type { SqueezeNetVariant } from "../squeezenet.js";
import { type Entries, type Entry, half, torchvision, torchvision2 } from "./entry.js";

const vgg = (depths: readonly number[], options: Omit<VggVariant, "depths">): Entry => ({
  family: "vgg",
  load: async () => (await import("../vgg.js")).vgg({ depths, ...options }),
  preprocessing: torchvision,
});

const densenet = (depths: readonly number[], variant: Omit<DenseNetVariant, "depths"> = { growth: 32, stem: 64 }): Entry => ({
  family: "densenet",
  load: async () => (await import("../densenet.js")).densenet({ depths, ...variant }),
  preprocessing: torchvision,
});

const squeezenet = (variant: SqueezeNetVariant): Entry => ({
  family: "squeezenet",
  load: async () => (await import("../squeezenet.js")).squeezenet(variant),
  preprocessing: torchvision,
});

/** ShuffleNetV2 of these widths. */
const shufflenet = (preprocessing: PreprocessingDefaults, widths: readonly number[], last = 1024): Entry => ({
  family: "shufflenet-v2",
  load: async () => (await import("../shufflenet-v2.js")).shufflenetV2(widths, last),
  preprocessing,
});

const [plain, normed] = [{ norm: false }, { norm: true }];

/** Networks of plain, joined and shuffled convolutions, without additions. */
export const convolutional: Entries = {
  alexnet: { family: "alexnet", load: async () => (await import("../alexnet.js")).alexnet, preprocessing: torchvision },

  vgg11: vgg([1, 1, 2, 2, 2], plain),
  vgg11_bn: vgg([1, 1, 2, 2, 2], normed),
  vgg13: vgg([2, 2, 2, 2, 2], plain),
  vgg13_bn: vgg([2, 2, 2, 2, 2], normed),
  vgg16: vgg([2, 2, 3, 3, 3], plain),
  vgg16_bn: vgg([2, 2, 3, 3, 3], normed),
  vgg19: vgg([2, 2, 4, 4, 4], plain),
  vgg19_bn: vgg([2, 2, 4, 4, 4], normed),

  densenet121: densenet([6, 12, 24, 16]),
  densenet161: densenet([6, 12, 36, 24], { growth: 48, stem: 96 }),
  densenet169: densenet([6, 12, 32, 32]),
  densenet201: densenet([6, 12, 48, 32]),

  squeezenet1_0: squeezenet({ stem: { channels: 96, kernel: 7 }, layers: ["pool", 16, 16, 32, "pool", 32, 48, 48, 64, "pool", 64] }),
  squeezenet1_1: squeezenet({ stem: { channels: 64, kernel: 3 }, layers: ["pool", 16, 16, "pool", 32, 32, "pool", 48, 48, 64, 64] }),

  // torchvision gives these two images normalised as for its other networks and then turns them into -1..1 inside (`transform_input`).
  googlenet: { family: "googlenet", load: async () => (await import("../googlenet.js")).googlenet, preprocessing: { ...torchvision, ...half } },
  inception_v3: {
    family: "inception-v3",
    load: async () => (await import("../inception-v3.js")).inceptionV3,
    preprocessing: { ...torchvision, resize: 342, crop: 299, ...half },
  },

  shufflenet_v2_x0_5: shufflenet(torchvision, [48, 96, 192]),
  shufflenet_v2_x1_0: shufflenet(torchvision, [116, 232, 464]),
  shufflenet_v2_x1_5: shufflenet(torchvision2, [176, 352, 704]),
  shufflenet_v2_x2_0: shufflenet(torchvision2, [244, 488, 976], 2048),
};
