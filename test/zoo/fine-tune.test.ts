import { atOnce } from "../../src/core/slices.js";
import { expect, test } from "vitest";
import { initialValues } from "../../src/model/initialize.js";
import { Session } from "../../src/runtime/session.js";
import { hyperName, trainingGraph } from "../../src/train/step.js";
import { architecture } from "../../src/zoo/registry.js";
import { uniform } from "./recipe.js";

/** A small network of each family. */
const names = [
  "mobilenetv1_100h",
  "mobilenetv2_035",
  "mobilenetv3_small_050",
  "mobilenetv4_conv_small_035",
  "lcnet_035",
  "mnasnet_small",
  "ghostnet_050",
  "repvgg_a0",
  "mobileone_s0",
  "test_byobnet",
  "test_efficientnet",
  "test_efficientnet_gn",
  "test_efficientnet_ln",
  "test_resnet",
  "efficientnet_lite0",
  "googlenet",
  "regnety_002",
  "resnet10t",
  "shufflenet_v2_x0_5",
  "squeezenet1_1",
];
const [batch, size, classes] = [4, 32, 3];

// With the stored statistics: with those of four pixels a loss is too rough to fall in each step.
test.each(names)("%s learns a batch", async (name) => {
  const network = await architecture(name);
  const settings = { optimizer: "sgd", nesterov: false, labelSmoothing: 0, maxNorm: 1, batchNorm: "frozen", from: "images", groupOf: () => 0 } as const;
  const graph = trainingGraph(network, classes, [batch, size, size, 3], settings);
  const session = await Session.open({ build: "simd", threads: 1, inline: true });
  const program = await session.prepare(graph);
  const kept = [...graph.kept.values()].filter(({ kind }) => kind !== "constant");
  for (const value of kept) await session.write(value.name, atOnce(initialValues(value, 1)));

  const hyper = Float32Array.of(1e-3, 0, 0, 0, 1, 0, 0, 0);
  const inputs = { x: Float32Array.from(uniform(3, batch * size * size * 3)), labels: Int32Array.of(0, 1, 2, 0), random: Int32Array.of(1, 0, 0, 0) }; // the same elements dropped in each step
  const losses: number[] = [];
  for (let step = 0; step < 2; step++) {
    const { loss } = await program.run({ ...inputs, [hyperName(0, true)]: hyper, [hyperName(0, false)]: hyper });
    losses.push(loss[0]);
  }
  expect(losses[1]).toBeLessThan(losses[0]);
  const count = (kind: string) => kept.filter((value) => value.kind === kind).length;
  expect(count("state")).toBe(count("parameter"));
  for (const value of kept) {
    const after = await session.read<Float32Array>(value.name);
    expect(after.every(Number.isFinite), value.name).toBe(true);
    if (value.kind === "state")
      expect(
        after.some((slope) => slope !== 0),
        `${value.name} had a gradient`,
      ).toBe(true);
  }
  session.close();
});
