import type { Value } from "../graph/graph.js";
import { activate } from "../nn/activation.js";
import { convNorm, convNormAct, dropout, squeezeExcite, stochasticDepth } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { constant, kaimingNormalGroupOut, kaimingNormalOut, normal } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { add } from "../ops/add.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import type { Family } from "./family.js";

/** Of the four stages: channels and number of blocks. Published networks are points of a design space (Radosavovic et al. 2020, equations 2 to 4). */
export interface RegNetVariant {
  readonly widths: readonly number[];
  readonly depths: readonly number[];
  /** Channels in each group of the 3x3 convolutions. */
  readonly groupWidth: number;
  /** RegNetY's squeeze-and-excitation, to a quarter of the channels that came into the block. */
  readonly excite: boolean;
}

export interface RegNetOptions {
  readonly naming: "torchvision" | "timm";
  readonly [option: string]: number | string;
}

type Pair = readonly [conv: string, norm: string];
interface Names {
  readonly stem: Pair;
  /** Of a block, from the numbers of stage and block, both from 0. */
  readonly block: (stage: number, index: number) => string;
  /** The 1x1, 3x3, 1x1 convolutions of a block, what stands between them, and the shortcut's. */
  readonly reduce: Pair;
  readonly group: Pair;
  readonly excite: string;
  readonly expand: Pair;
  readonly shortcut: Pair;
  readonly head: string;
}

const namings: Record<RegNetOptions["naming"], Names> = {
  torchvision: {
    stem: ["stem.0", "stem.1"],
    block: (stage, index) => `trunk_output.block${stage + 1}.block${stage + 1}-${index}`,
    reduce: ["f.a.0", "f.a.1"],
    group: ["f.b.0", "f.b.1"],
    excite: "f.se",
    expand: ["f.c.0", "f.c.1"],
    shortcut: ["proj.0", "proj.1"],
    head: "fc",
  },
  timm: {
    stem: ["stem.conv", "stem.bn"],
    block: (stage, index) => `s${stage + 1}.b${index + 1}`,
    reduce: ["conv1.conv", "conv1.bn"],
    group: ["conv2.conv", "conv2.bn"],
    excite: "se",
    expand: ["conv3.conv", "conv3.bn"],
    shortcut: ["downsample.conv", "downsample.bn"],
    head: "head.fc",
  },
};

/** Bottleneck without widening (Radosavovic et al. 2020, figure 4): 1x1, grouped 3x3, 1x1, and the shortcut. */
function bottleneck(
  net: Scope,
  x: Value,
  names: Names,
  { channels, stride, groupWidth, excite }: Omit<RegNetVariant, "widths" | "depths"> & { channels: number; stride: number },
): Value {
  const depth = channelsOf(x);
  let y = convNormAct(net, x, { channels, kernel: 1, activation: "relu" }, names.reduce);
  y = convNormAct(net, y, { channels, kernel: 3, stride, groups: Math.max(1, channels / groupWidth), activation: "relu" }, names.group);
  if (excite) y = squeezeExcite(net.at(names.excite), y, { channels: Math.round(depth / 4) });
  y = convNorm(net, y, { channels, kernel: 1 }, names.expand);
  const shortcut = stride === 1 && depth === channels ? x : convNorm(net, x, { channels, kernel: 1, stride }, names.shortcut);
  return activate(add({ a: stochasticDepth(net, y), b: shortcut }), "relu");
}

/** RegNetX and RegNetY (Radosavovic et al. 2020), named as in torchvision or timm. */
export function regnet({ widths, depths, ...variant }: RegNetVariant): Family<RegNetOptions> {
  return {
    defaults: () => ({ naming: "torchvision" }),
    choices: { naming: ["torchvision", "timm"] },
    namings: { torchvision: "stem.0.weight", timm: "stem.conv.weight" },
    build({ naming }) {
      const names = namings[naming];
      return {
        backbone(root, x) {
          const net = root.with({ convWeight: naming === "timm" ? kaimingNormalGroupOut : kaimingNormalOut });
          let y = convNormAct(net, x, { channels: 32, kernel: 3, stride: 2, activation: "relu" }, names.stem);
          const last = depths.reduce((sum, depth) => sum + depth) - 1;
          let before = 0;
          widths.forEach((channels, stage) => {
            for (let i = 0; i < depths[stage]; i++) {
              const at = net.with({ depth: before++ / last }).at(names.block(stage, i));
              y = bottleneck(at, y, names, { ...variant, channels, stride: i === 0 ? 2 : 1 });
            }
          });
          return globalAveragePool({ x: y });
        },
        head: (net, features, numClasses) =>
          linear(net.with({ linearWeight: normal(0.01), linearBias: constant(0) }).at(names.head), dropout(net, features, 0), { features: numClasses }),
        embedding: (features) => features,
        classifier: [`${names.head}.weight`, `${names.head}.bias`],
      };
    },
  };
}
