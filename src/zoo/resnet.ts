import type { Value } from "../graph/graph.js";
import { activate } from "../nn/activation.js";
import { convNorm, convNormAct } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { kaimingNormalOut } from "../nn/initializers.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { add } from "../ops/add.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { maxPool } from "../ops/max-pool.js";
import type { Family } from "./family.js";

interface Block {
  readonly channels: number;
  readonly stride: number;
}

/** Two 3x3 convolutions (He et al. 2016, figure 2). */
function basicBlock(net: Scope, x: Value, { channels, stride }: Block): Value {
  let y = convNormAct(net, x, { channels, kernel: 3, stride, activation: "relu" }, ["conv1", "bn1"]);
  y = convNorm(net, y, { channels, kernel: 3 }, ["conv2", "bn2"]);
  return addShortcut(net, x, y, stride);
}

/** 1x1, 3x3, 1x1 to four times the channels (He et al. 2016, figure 5), the stride in the 3x3 as in torchvision. */
function bottleneck(net: Scope, x: Value, { channels, stride }: Block): Value {
  let y = convNormAct(net, x, { channels, kernel: 1, activation: "relu" }, ["conv1", "bn1"]);
  y = convNormAct(net, y, { channels, kernel: 3, stride, activation: "relu" }, ["conv2", "bn2"]);
  y = convNorm(net, y, { channels: channels * 4, kernel: 1 }, ["conv3", "bn3"]);
  return addShortcut(net, x, y, stride);
}

/** relu(y + x), with a 1x1 convolution of x where its shape differs from y's. */
function addShortcut(net: Scope, x: Value, y: Value, stride: number): Value {
  const channels = channelsOf(y);
  const same = stride === 1 && channelsOf(x) === channels;
  const shortcut = same ? x : convNorm(net.at("downsample"), x, { channels, kernel: 1, stride });
  return activate(add({ a: y, b: shortcut }), "relu");
}

/** ResNet for ImageNet (He et al. 2016), named as in torchvision and timm. */
function resnet(block: typeof basicBlock, depths: readonly number[]): Family {
  return {
    defaults: () => ({}),
    build: () => ({
      backbone(root, x) {
        const net = root.with({ convWeight: kaimingNormalOut });
        let y = convNormAct(net, x, { channels: 64, kernel: 7, stride: 2, activation: "relu" }, ["conv1", "bn1"]);
        y = maxPool({ x: y }, { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] });
        depths.forEach((depth, stage) => {
          for (let i = 0; i < depth; i++) {
            y = block(net.at(`layer${stage + 1}.${i}`), y, { channels: 64 << stage, stride: i === 0 && stage > 0 ? 2 : 1 });
          }
        });
        return globalAveragePool({ x: y });
      },
      head: (net, features, numClasses) => linear(net.at("fc"), features, { features: numClasses }),
      embedding: (features) => features,
      classifier: ["fc.weight", "fc.bias"],
    }),
  };
}

export const resnet18 = resnet(basicBlock, [2, 2, 2, 2]);
export const resnet50 = resnet(bottleneck, [3, 4, 6, 3]);
