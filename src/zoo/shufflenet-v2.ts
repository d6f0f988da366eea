import type { Value } from "../graph/graph.js";
import { convNorm, convNormAct, dropout } from "../nn/blocks.js";
import { channelsOf } from "../nn/convolution.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { concat } from "../ops/concat.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { maxPool } from "../ops/max-pool.js";
import { reshape } from "../ops/reshape.js";
import { slice } from "../ops/slice.js";
import { transpose } from "../ops/transpose.js";
import type { Family } from "./family.js";

/** Blocks in each stage. */
const depths = [4, 8, 4];

/** 1x1, depthwise 3x3, 1x1 (Ma et al. 2018, figure 3, right branches). */
function branch(net: Scope, x: Value, channels: number, stride: number): Value {
  const y = convNormAct(net, x, { channels, kernel: 1, activation: "relu" }, ["0", "1"]);
  return separable(net, y, channels, stride, ["3", "4", "5", "6"]);
}

function separable(net: Scope, x: Value, channels: number, stride: number, [dw, dwNorm, pw, pwNorm]: readonly string[]): Value {
  const depth = channelsOf(x);
  const y = convNorm(net, x, { channels: depth, kernel: 3, stride, groups: depth }, [dw, dwNorm]);
  return convNormAct(net, y, { channels, kernel: 1, activation: "relu" }, [pw, pwNorm]);
}

/** Half of the channels as they are and half through the branch; a stride takes all of them through two branches (ibid., figure 3c, d). */
function block(net: Scope, x: Value, channels: number, stride: number): Value {
  const half = channels / 2;
  if (stride > 1) {
    const first = separable(net.at("branch1"), x, half, stride, ["0", "1", "2", "3"]);
    return interleave(first, branch(net.at("branch2"), x, half, stride));
  }
  const [kept, given] = [0, half].map((start) => slice({ x }, { starts: [0, 0, 0, start], sizes: [...x.shape.slice(0, 3), half] }));
  return interleave(kept, branch(net.at("branch2"), given, half, stride));
}

/** Channels of both in turn: the shuffle of two groups. */
function interleave(a: Value, b: Value): Value {
  const [count, height, width, channels] = a.shape;
  const joined = reshape({ x: concat([a, b], { axis: 3 }) }, { shape: [count * height * width, 2, channels] });
  return reshape({ x: transpose({ x: joined }, { order: [0, 2, 1] }) }, { shape: [count, height, width, 2 * channels] });
}

/**
 * ShuffleNetV2 (Ma et al. 2018), named as in torchvision.
 *
 * @param widths channels of the three stages (ibid., table 5)
 * @param last channels of the last convolution
 */
export function shufflenetV2(widths: readonly number[], last: number): Family {
  return {
    defaults: () => ({}),
    build: () => ({
      backbone(net, x) {
        let y = convNormAct(net.at("conv1"), x, { channels: 24, kernel: 3, stride: 2, activation: "relu" });
        y = maxPool({ x: y }, { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] });
        widths.forEach((channels, stage) => {
          for (let i = 0; i < depths[stage]; i++) y = block(net.at(`stage${stage + 2}.${i}`), y, channels, i === 0 ? 2 : 1);
        });
        return globalAveragePool({ x: convNormAct(net.at("conv5"), y, { channels: last, kernel: 1, activation: "relu" }) });
      },
      head: (net, features, numClasses) => linear(net.at("fc"), dropout(net, features, 0), { features: numClasses }),
      embedding: (features) => features,
      classifier: ["fc.weight", "fc.bias"],
    }),
  };
}
