import { activate } from "../nn/activation.js";
import { dropout } from "../nn/blocks.js";
import { conv } from "../nn/convolution.js";
import { linear, linearAfterFlatten } from "../nn/linear.js";
import { maxPool } from "../ops/max-pool.js";
import type { Family } from "./family.js";

/**
 * Two 3x3 convolutions, max-pool and two dense layers for 28-pixel images: the network of PyTorch's MNIST example,
 * with its names, widths and dropout.
 */
export const smallCnn: Family = {
  defaults: () => ({}),
  build: () => ({
    backbone(net, x) {
      let y = activate(conv(net.at("conv1"), x, { channels: 32, kernel: 3 }), "relu");
      y = activate(conv(net.at("conv2"), y, { channels: 64, kernel: 3 }), "relu");
      y = maxPool({ x: y }, { kernel: [2, 2], stride: [2, 2] });
      return activate(linearAfterFlatten(net.at("fc1"), dropout(net, y, 0.25), { features: 128 }), "relu");
    },
    head: (net, features, numClasses) => linear(net.at("fc2"), dropout(net, features, 0.5), { features: numClasses }),
    embedding: (features) => features,
    classifier: ["fc2.weight", "fc2.bias"],
  }),
};
