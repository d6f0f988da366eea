import { batchNorm, batchNormFrozen, batchStatistics, updateRunning } from "../../src/ops/batch-norm.js";
import { mapValues, testOp, type Expected, type Tensor64 } from "../harness/test-op.js";

const columns = (x: Tensor64) => x.shape.at(-1) as number;

/** Means, biased variances and the sums that bound their errors. */
function statistics(x: Tensor64): Record<"mean" | "variance", Expected> {
  const channels = columns(x);
  const rows = x.data.length / channels;
  const over = (f: (value: number, channel: number) => number) => {
    const sums = new Float64Array(channels);
    x.data.forEach((value, i) => (sums[i % channels] += f(value, i % channels) / rows));
    return sums;
  };
  const mean = over((value) => value);
  const variance = over((value, channel) => (value - mean[channel]) ** 2);
  return {
    mean: { shape: [channels], data: mean, magnitude: over(Math.abs), terms: rows },
    variance: {
      shape: [channels],
      data: variance,
      magnitude: over((value, channel) => (value - mean[channel]) ** 2 + 1e-2 * Math.abs(mean[channel] * value)),
      terms: rows,
    },
  };
}

function normalised(x: Tensor64, mean: Tensor64, variance: Tensor64, weight: Tensor64, bias: Tensor64, epsilon: number, low: number, high: number): Expected {
  const channels = columns(x);
  const rows = x.data.length / channels;
  const scale = variance.data.map((value, c) => weight.data[c] / Math.sqrt(value + epsilon));
  const y = mapValues(x, (value, i) => Math.min(Math.max((value - mean.data[i % channels]) * scale[i % channels] + bias.data[i % channels], low), high));
  const magnitude = x.data.map(
    (value, i) => (Math.abs(value) + Math.abs(mean.data[i % channels])) * Math.abs(scale[i % channels]) + Math.abs(bias.data[i % channels]),
  );
  return { ...y, magnitude, terms: rows };
}

testOp(batchNorm, {
  inputs: {
    x: [
      [2, 5, 7, 3],
      [3, 4, 4, 16],
      [200, 4],
      [1, 9, 15, 21],
      [65, 37],
      [1, 5],
      [64, 1],
    ],
    weight: [[3], [16], [4], [21], [37], [5], [1]],
    bias: [[3], [16], [4], [21], [37], [5], [1]],
  },
  attributes: [{}, { epsilon: 1e-3, low: 0, high: 1.7 }],
  reference({ x, weight, bias }, { epsilon, low, high }) {
    const { mean, variance } = statistics(x);
    return { y: normalised(x, mean, variance, weight, bias, epsilon, low, high), mean, variance };
  },
});

testOp(batchNorm, {
  name: "batchNorm of values far from zero",
  inputs: { x: [[300, 6]], weight: [[6]], bias: [[6]] },
  ranges: { x: [1000, 1004] },
  reference({ x, weight, bias }, { epsilon, low, high }) {
    const { mean, variance } = statistics(x);
    return { y: normalised(x, mean, variance, weight, bias, epsilon, low, high), mean, variance: { ...variance, magnitude: variance.data } };
  },
});

testOp(batchStatistics, {
  inputs: {
    x: [
      [2, 5, 7, 3],
      [3, 4, 4, 16],
      [200, 4],
      [65, 37],
      [1, 5],
    ],
  },
  reference: ({ x }) => statistics(x),
});

testOp(batchNormFrozen, {
  inputs: {
    x: [
      [2, 5, 7, 3],
      [3, 4, 4, 16],
      [70, 21],
      [0, 4],
      [1, 1],
    ],
    weight: [[3], [16], [21], [4], [1]],
    bias: [[3], [16], [21], [4], [1]],
    mean: [[3], [16], [21], [4], [1]],
    variance: [[3], [16], [21], [4], [1]],
  },
  ranges: { variance: [0, 3] },
  attributes: [{}, { epsilon: 1e-3, low: -1, high: 1 }],
  reference: ({ x, weight, bias, mean, variance }, { epsilon, low, high }) => normalised(x, mean, variance, weight, bias, epsilon, low, high),
});

testOp(updateRunning, {
  cases: [{ shapes: { running: [37], batch: [37] }, attributes: { momentum: 0.3, correction: 9 / 8 } }],
  reference: ({ running, batch }, { momentum, correction }) => ({
    running: {
      ...mapValues(running, (value, i) => value + momentum * (correction * batch.data[i] - value)),
      magnitude: running.data.map((value, i) => Math.abs(value) + Math.abs(batch.data[i])),
    },
  }),
});
