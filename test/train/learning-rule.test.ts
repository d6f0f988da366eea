import { describe, expect, test } from "vitest";
import type { EpochRecord, Phase, TrainerOptions } from "../../src/train/options.js";
import { Trainer } from "../../src/train/trainer.js";
import { classes, tinyData, tinyItems, tinyResnet } from "./tiny.js";

/**
 * Softmax regression on fixed features in float64, written from the formulas: the head phase of ResNet-20 is just that.
 * One batch of all images an epoch, so that the order does not matter.
 */
function regress(features: number[][], labels: number[], weights: Float64Array, biases: Float64Array, options: TrainerOptions, steps: number): number[] {
  const { optimizer = "sgd", momentum = 0.9, nesterov = false, weightDecay = 0, labelSmoothing = 0, maxNorm = 0, lr = 0.1 } = options;
  const outs = biases.length;
  const inputs = features[0].length;
  const parameters = [weights, biases];
  const first = parameters.map((values) => new Float64Array(values.length));
  const second = parameters.map((values) => new Float64Array(values.length));
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const slopes = parameters.map((values) => new Float64Array(values.length));
    let loss = 0;
    features.forEach((x, n) => {
      const logits = Array.from({ length: outs }, (_, o) => x.reduce((sum, value, i) => sum + value * weights[o * inputs + i], biases[o]));
      const top = Math.max(...logits);
      const sum = logits.reduce((total, z) => total + Math.exp(z - top), 0);
      for (let o = 0; o < outs; o++) {
        const target = (o === labels[n] ? 1 - labelSmoothing : 0) + labelSmoothing / outs;
        const logScore = logits[o] - top - Math.log(sum);
        loss -= (target * logScore) / labels.length;
        const slope = (Math.exp(logScore) - target) / labels.length;
        slopes[1][o] += slope;
        x.forEach((value, i) => {
          slopes[0][o * inputs + i] += slope * value;
        });
      }
    });
    losses.push(loss);
    const norm = Math.sqrt(slopes.flatMap((values) => [...values]).reduce((sum, value) => sum + value * value, 0));
    const clip = maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
    const rate = lr * factor(options, step, steps);
    parameters.forEach((values, which) => {
      const decay = which === 0 ? weightDecay : 0;
      values.forEach((value, i) => {
        let slope = clip * slopes[which][i];
        if (optimizer === "sgd") {
          slope += decay * value;
          first[which][i] = momentum * first[which][i] + slope;
          values[i] = value - rate * (nesterov ? slope + momentum * first[which][i] : first[which][i]);
        } else {
          first[which][i] = 0.9 * first[which][i] + 0.1 * slope;
          second[which][i] = 0.999 * second[which][i] + 0.001 * slope * slope;
          const mean = first[which][i] / (1 - 0.9 ** (step + 1));
          const square = second[which][i] / (1 - 0.999 ** (step + 1));
          values[i] = value - rate * decay * value - (rate * mean) / (Math.sqrt(square) + 1e-8);
        }
      });
    });
  }
  return losses;
}

/** The schedules as their sources give them: fastai's one cycle, PyTorch's cosine and linear warm-up. */
function factor({ schedule = "oneCycle", warmup = 0 }: TrainerOptions, step: number, steps: number): number {
  const half = (from: number, to: number, position: number) => to + ((from - to) * (1 + Math.cos(Math.PI * position))) / 2;
  if (schedule === "constant") return 1;
  if (schedule === "oneCycle") {
    const position = step / steps;
    return position < 0.25 ? half(1 / 25, 1, position / 0.25) : half(1, 1e-5, (position - 0.25) / 0.75);
  }
  const rising = Math.round(warmup * steps);
  return step < rising ? 1 / 3 + ((2 / 3) * step) / rising : half(1, 0, (step - rising) / (steps - rising));
}

const steps = 8;
const count = 12;

/** Trains the head for some steps and gives what regression in float64 gives beside it. */
async function both(options: TrainerOptions) {
  const model = await tinyResnet({ seed: 2 });
  const data = tinyData(count);
  const features = (await model.embed(tinyItems(count).map(({ image }) => image))).map((row) => [...row]);
  const before = await model.parameters();
  const [weights, biases] = ["linear.weight", "linear.bias"].map((name) => Float64Array.from(before.get(name)?.data as Float32Array));
  const phase: Phase = { name: "head", epochs: steps, train: "head", lr: options.lr as number, lrMult: 1, schedule: options.schedule ?? "oneCycle" };
  const { lr: _, schedule: __, ...rest } = options;
  const records = await new Trainer(model, { train: data }, { ...rest, phases: [phase], batchSize: count }).fit();
  const after = await model.parameters();
  model.close();
  const labels = Array.from({ length: count }, (_, i) => i % classes.length);
  const losses = regress(features, labels, weights, biases, options, steps);
  return { records, losses, after, weights, biases };
}

const cases: [string, TrainerOptions][] = [
  ["sgd with momentum and weight decay, one cycle", { optimizer: "sgd", lr: 0.004, weightDecay: 0.01 }],
  [
    "Nesterov, cosine with warm-up, label smoothing",
    { optimizer: "sgd", lr: 0.006, nesterov: true, momentum: 0.8, weightDecay: 0, schedule: "cosine", warmup: 0.3, labelSmoothing: 0.2 },
  ],
  ["gradients clipped to a norm of 0.5, constant rate", { optimizer: "sgd", lr: 0.2, weightDecay: 1e-3, schedule: "constant", momentum: 0.5, maxNorm: 0.5 }],
  ["adamw, one cycle, clipped and smoothed", { optimizer: "adamw", lr: 0.02, weightDecay: 0.1, maxNorm: 0.5, labelSmoothing: 0.1 }],
  ["adamw, cosine", { optimizer: "adamw", lr: 0.01, weightDecay: 0, schedule: "cosine" }],
];

describe("the head phase follows float64 regression written from the formulas", () => {
  test.each(cases)("%s", async (_, options) => {
    const { records, losses, after, weights, biases } = await both(options);
    records.forEach(({ loss }: EpochRecord, step) => expect(Math.abs(loss / losses[step] - 1)).toBeLessThan(1e-5));
    for (const [name, expected] of [
      ["linear.weight", weights],
      ["linear.bias", biases],
    ] as const) {
      const found = after.get(name)?.data as Float32Array;
      const scale = Math.max(...expected.map(Math.abs));
      found.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(2e-5 * scale));
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]);
  });
});

test("each of these options changes the result: the comparison above would notice one that is not used", async () => {
  const base: TrainerOptions = { optimizer: "sgd", lr: 0.004, weightDecay: 0 };
  const bits = async (options: TrainerOptions) => (await both({ ...base, ...options })).after.get("linear.weight")?.data.join();
  const results = await Promise.all(
    [{}, { weightDecay: 0.1 }, { momentum: 0.5 }, { nesterov: true }, { maxNorm: 0.05 }, { labelSmoothing: 0.1 }, { schedule: "cosine" as const }].map(bits),
  );
  expect(new Set(results).size).toBe(results.length);
});
