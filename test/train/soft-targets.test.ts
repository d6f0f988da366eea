import { atOnce } from "../../src/core/slices.js";
import { expect, test } from "vitest";
import { Random } from "../../src/core/random.js";
import { initialValues } from "../../src/model/initialize.js";
import { sgdHyper } from "../../src/optim/hyper.js";
import { Session } from "../../src/runtime/session.js";
import { hyperName, trainingGraph } from "../../src/train/step.js";
import { architecture } from "../../src/zoo/registry.js";

const [images, inputs, classes] = [5, 64, 3];
const random = new Random(1);
const x = Float32Array.from({ length: images * inputs }, () => random.normal());
const labels = Int32Array.of(2, 0, 1, 1, 0);
const oneHot = Float32Array.from({ length: images * classes }, (_, i) => Number(labels[Math.floor(i / classes)] === i % classes));
/** Each image with the next one, as mixup makes them. */
const mixed = oneHot.map((value, i) => 0.75 * value + 0.25 * oneHot[(i + classes) % oneHot.length]);

/** One step of SGD on the head of ResNet-20, and what it made of the weights. */
async function step(given: { labels: Int32Array } | { targets: Float32Array }, labelSmoothing: number) {
  const session = await Session.open({ build: "simd", inline: true });
  const settings = { optimizer: "sgd", nesterov: false, maxNorm: 0, batchNorm: "frozen", from: "features", groupOf: () => 0 } as const;
  const graph = trainingGraph(await architecture("resnet20"), classes, [images, inputs], { ...settings, labelSmoothing, softTargets: "targets" in given });
  const program = await session.prepare(graph);
  for (const value of session.keptValues()) await session.write(value.name, atOnce(initialValues(value, 1)));
  const before = await session.read("linear.weight");
  const hyper = sgdHyper({ lr: 0.1 });
  const { loss, logits } = await program.run({ x, ...given, random: new Int32Array(4), [hyperName(0, true)]: hyper, [hyperName(0, false)]: hyper });
  const after = await session.read("linear.weight");
  session.close();
  return { loss: loss[0], logits, before, after };
}

test("targets of one class each are its labels, to the bit", async () => {
  expect(await step({ targets: oneHot }, 0.25)).toEqual(await step({ labels }, 0.25));
});

test.each([0, 0.1])("mixed targets, smoothed by %d, follow the formula in float64", async (smoothing) => {
  const { loss, logits, before, after } = await step({ targets: mixed }, smoothing);
  const targets = [...mixed].map((value) => (1 - smoothing) * value + smoothing / classes);
  const scores = targets.map((_, i) => {
    const row = logits.subarray(i - (i % classes), i - (i % classes) + classes);
    return Math.exp(logits[i]) / row.reduce((sum, value) => sum + Math.exp(value), 0);
  });
  const expected = targets.reduce((sum, target, i) => sum - (target * Math.log(scores[i])) / images, 0);
  expect(loss).toBeCloseTo(expected, 6);
  before.forEach((value, i) => {
    const [input, output] = [Math.floor(i / classes), i % classes];
    let slope = 0;
    for (let n = 0; n < images; n++) slope += (x[n * inputs + input] * (scores[n * classes + output] - targets[n * classes + output])) / images;
    expect(after[i]).toBeCloseTo(value - 0.1 * slope, 6);
  });
});
