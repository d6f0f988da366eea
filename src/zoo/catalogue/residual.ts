import type { PreprocessingDefaults } from "../../nn/architecture.js";
import type { ResNetVariant } from "../resnet.js";
import { type Entries, type Entry, timm, timmAt, torchvision, torchvision2 } from "./entry.js";

type Depths = ResNetVariant["depths"];

/** Depths of the networks that are called by their number of layers. */
const d18: Depths = [2, 2, 2, 2];
const d50: Depths = [3, 4, 6, 3];
const d101: Depths = [3, 4, 23, 3];
const d152: Depths = [3, 8, 36, 3];

/** timm's `d`: deep stem and averages in shortcuts; `t`: the same, its stem tiered; `c`: the deep stem alone; `s`: that twice as wide. */
const d = { stem: [32, 32, 64], averageShortcut: true } as const;
const s = { stem: [64, 64, 128] } as const;
const c = { stem: d.stem } as const;
const t = { stem: [24, 32, 64], averageShortcut: true } as const;
const basic = { block: "basic" } as const;
const excite = { excite: true } as const;

function net(preprocessing: PreprocessingDefaults, depths: Depths, variant: Omit<ResNetVariant, "depths"> = {}): Entry {
  return { family: "resnet", load: async () => (await import("../resnet.js")).resnet({ depths, ...variant }), preprocessing };
}

/** A network that only timm has. */
function ofTimm(preprocessing: PreprocessingDefaults, depths: Depths, variant: Omit<ResNetVariant, "depths">): Entry {
  return { ...net(preprocessing, depths, variant), unverified: true };
}

const large = timmAt(224, 0.95);

export const residual: Entries = {
  resnet18: net(torchvision, d18, basic),
  resnet34: net(torchvision, d50, basic),
  resnet50: net(torchvision, d50),
  resnet101: net(torchvision, d101),
  resnet152: net(torchvision, d152),
  resnext50_32x4d: net(torchvision, d50, { groups: 32, groupWidth: 4 }),
  resnext101_32x8d: net(torchvision, d101, { groups: 32, groupWidth: 8 }),
  resnext101_64x4d: net(torchvision2, d101, { groups: 64, groupWidth: 4 }),
  wide_resnet50_2: net(torchvision, d50, { groupWidth: 128 }),
  wide_resnet101_2: net(torchvision, d101, { groupWidth: 128 }),

  resnet10t: ofTimm(timmAt(176, 0.875), [1, 1, 1, 1], { ...basic, ...t }),
  resnet14t: ofTimm(timmAt(176, 0.875), [1, 1, 1, 1], t),
  resnet18d: ofTimm(timm, d18, { ...basic, ...d }),
  resnet26: ofTimm(timm, d18, {}),
  resnet26d: ofTimm(timm, d18, d),
  resnet26t: ofTimm(timmAt(256, 0.94), d18, t),
  resnet34d: ofTimm(timm, d50, { ...basic, ...d }),
  resnet50c: ofTimm(timm, d50, c),
  resnet101c: ofTimm(timm, d101, c),
  resnet152c: ofTimm(timm, d152, c),
  resnet50s: ofTimm(timm, d50, s),
  resnet101s: ofTimm(timm, d101, s),
  resnet152s: ofTimm(timm, d152, s),
  resnet50d: ofTimm(timm, d50, d),
  resnet101d: ofTimm(timmAt(256, 0.95), d101, d),
  resnet152d: ofTimm(timmAt(256, 0.95), d152, d),
  resnet200d: ofTimm(timmAt(256, 0.95), [3, 24, 36, 3], d),
  resnext50d_32x4d: ofTimm(timm, d50, { ...d, groups: 32, groupWidth: 4 }),
  resnext101_32x4d: ofTimm(torchvision, d101, { groups: 32, groupWidth: 4 }),

  seresnet18: ofTimm(timm, d18, { ...basic, ...excite }),
  seresnet34: ofTimm(timm, d50, { ...basic, ...excite }),
  seresnet50: ofTimm(large, d50, excite),
  seresnet101: ofTimm(timm, d101, excite),
  seresnet152: ofTimm(timm, d152, excite),
  seresnet152d: ofTimm(timmAt(256, 0.95), d152, { ...d, ...excite }),
  seresnext26d_32x4d: ofTimm(timm, d18, { ...d, ...excite, groups: 32, groupWidth: 4 }),
  seresnext26t_32x4d: ofTimm(timm, d18, { ...t, ...excite, groups: 32, groupWidth: 4 }),
  seresnext50_32x4d: ofTimm(timm, d50, { ...excite, groups: 32, groupWidth: 4 }),
  seresnext101_32x4d: ofTimm(timm, d101, { ...excite, groups: 32, groupWidth: 4 }),
  seresnext101_32x8d: ofTimm(large, d101, { ...excite, groups: 32, groupWidth: 8 }),
  seresnext101d_32x8d: ofTimm(large, d101, { ...d, ...excite, groups: 32, groupWidth: 8 }),
  seresnext101_64x4d: ofTimm(timm, d101, { ...excite, groups: 64, groupWidth: 4 }),
};
