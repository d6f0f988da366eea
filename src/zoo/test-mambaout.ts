import type { Value } from "../graph/graph.js";
import { channelsOf, conv } from "../nn/convolution.js";
import { constant, normal } from "../nn/initializers.js";
import { layerNorm } from "../nn/layer-norm.js";
import { linear } from "../nn/linear.js";
import type { Scope } from "../nn/scope.js";
import { layerScale } from "../nn/transformer.js";
import { add } from "../ops/add.js";
import { concat } from "../ops/concat.js";
import { gelu } from "../ops/gelu.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { mul } from "../ops/mul.js";
import { silu } from "../ops/silu.js";
import { slice } from "../ops/slice.js";
import type { Family } from "./family.js";

const depths = [1, 1, 3, 1];
const widths = [16, 32, 48, 64];
/** Channels of gates, and of what they gate, over channels in. */
const expansion = 3;

/** Halves height and width. */
const halve = (net: Scope, x: Value, channels: number) => conv(net, x, { channels, kernel: 3, stride: 2, padding: 1 });

/** Gated convolutions (Dauphin et al. 2017): gates times values, of which as many as `x` has channels went through a depthwise 7x7. */
function block(net: Scope, x: Value): Value {
  const channels = channelsOf(x);
  const hidden = expansion * channels;
  const all = linear(net.at("fc1"), layerNorm(net.at("norm"), x), { features: 2 * hidden });
  const part = (from: number, to: number) => slice({ x: all }, { starts: [0, 0, 0, from], sizes: [...x.shape.slice(0, 3), to - from] });
  const [gates, plain, spatial] = [part(0, hidden), part(hidden, 2 * hidden - channels), part(2 * hidden - channels, 2 * hidden)];
  const mixed = conv(net.at("conv"), spatial, { channels, kernel: 7, padding: "symmetric", groups: channels });
  const gated = mul({ a: silu({ x: gates }), b: concat([plain, mixed], { axis: 3 }) });
  return add({ a: layerScale(net.at("ls"), linear(net.at("fc2"), gated, { features: channels }), 1e-5), b: x });
}

/** timm's `test_mambaout`: a small MambaOut (Yu & Wang 2024) to test with. */
export const testMambaout: Family = {
  defaults: () => ({}),
  build() {
    const within = (root: Scope) =>
      root.with({ epsilon: 1e-6, convWeight: normal(0.02), convBias: constant(0), linearWeight: normal(0.02), linearBias: constant(0) });
    return {
      backbone(root, x) {
        const net = within(root);
        let y = halve(net.at("stem.conv1"), x, widths[0] / 2);
        y = layerNorm(net.at("stem.norm2"), halve(net.at("stem.conv2"), silu({ x: y }), widths[0]));
        widths.forEach((channels, stage) => {
          const at = net.at(`stages.${stage}`);
          if (stage > 0) y = halve(at.at("downsample.conv"), layerNorm(at.at("downsample.norm"), y), channels);
          for (let i = 0; i < depths[stage]; i++) y = block(at.at(`blocks.${i}`), y);
        });
        const pooled = layerNorm(net.at("head.norm"), globalAveragePool({ x: y }));
        return gelu({ x: linear(net.at("head.pre_logits.fc"), pooled, { features: 4 * channelsOf(y) }) });
      },
      head: (root, features, numClasses) => linear(within(root).at("head.fc"), features, { features: numClasses }),
      embedding: (features) => features,
      classifier: ["head.fc.weight", "head.fc.bias"],
    };
  },
};
