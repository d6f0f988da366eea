import { activate } from "../nn/activation.js";
import { adaptiveAveragePool } from "../nn/adaptive-pool.js";
import { dropout } from "../nn/blocks.js";
import { conv } from "../nn/convolution.js";
import { linear, linearAfterFlatten } from "../nn/linear.js";
import { maxPool } from "../ops/max-pool.js";
import type { Family } from "./family.js";

/** Place in `features`, channels, kernel, stride and padding of each convolution, and whether a pool follows. */
const convolutions = [
  { index: 0, channels: 64, kernel: 11, stride: 4, padding: 2, pool: true },
  { index: 3, channels: 192, kernel: 5, stride: 1, padding: 2, pool: true },
  { index: 6, channels: 384, kernel: 3, stride: 1, padding: 1, pool: false },
  { index: 8, channels: 256, kernel: 3, stride: 1, padding: 1, pool: false },
  { index: 10, channels: 256, kernel: 3, stride: 1, padding: 1, pool: true },
];

/** AlexNet in one column (Krizhevsky 2014, "One weird trick", footnote 1), named as in torchvision. */
export const alexnet: Family<{ dropout: number }> = {
  defaults: () => ({ dropout: 0.5 }),
  build: ({ dropout: probability }) => ({
    backbone(net, x) {
      let y = x;
      for (const { index, pool, ...options } of convolutions) {
        y = activate(conv(net.at(`features.${index}`), y, options), "relu");
        if (pool) y = maxPool({ x: y }, { kernel: [3, 3], stride: [2, 2] });
      }
      y = dropout(net, adaptiveAveragePool(y, [6, 6]), probability);
      y = dropout(net, activate(linearAfterFlatten(net.at("classifier.1"), y, { features: 4096 }), "relu"), probability);
      return activate(linear(net.at("classifier.4"), y, { features: 4096 }), "relu");
    },
    head: (net, features, numClasses) => linear(net.at("classifier.6"), features, { features: numClasses }),
    embedding: (features) => features,
    classifier: ["classifier.6.weight", "classifier.6.bias"],
  }),
};
