import { type Entries, half, timm, torchvision } from "./entry.js";

const mobilenetV1 = { family: "mobilenet-v1", load: async () => (await import("../mobilenet-v1.js")).mobilenetV1 };
const mobilenetV2 = { family: "mobilenet-v2", load: async () => (await import("../mobilenet-v2.js")).mobilenetV2 };
const mobilenetV3Small = { family: "mobilenet-v3", load: async () => (await import("../mobilenet-v3.js")).mobilenetV3Small };
const mobilenetV3Large = { family: "mobilenet-v3", load: async () => (await import("../mobilenet-v3.js")).mobilenetV3Large };

export const mobile: Entries = {
  mobilenet_v1: { ...mobilenetV1, preprocessing: { ...timm, ...half } },
  mobilenetv1_100: { ...mobilenetV1, preprocessing: { ...timm, ...half } },
  mobilenet_v1_025: { ...mobilenetV1, preprocessing: { resize: 146, crop: 128, interpolation: "bilinear", ...half }, options: { width: 0.25 } },
  mobilenet_v2: { ...mobilenetV2, preprocessing: torchvision },
  mobilenetv2_100: { ...mobilenetV2, preprocessing: timm, options: { naming: "timm" } },
  mobilenetv3_small_100: { ...mobilenetV3Small, preprocessing: timm },
  mobilenetv3_large_100: { ...mobilenetV3Large, preprocessing: timm },
  mobilenet_v3_small: { ...mobilenetV3Small, preprocessing: torchvision, options: { naming: "torchvision" } },
  mobilenet_v3_large: { ...mobilenetV3Large, preprocessing: torchvision, options: { naming: "torchvision" } },
  squeezenet1_0: { family: "squeezenet", load: async () => (await import("../squeezenet.js")).squeezenet10, preprocessing: torchvision },
};
