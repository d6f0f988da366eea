import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { costOf } from "../../src/nn/cost.js";
import { stateDictShapes } from "../../src/nn/state-dict.js";
import { Session } from "../../src/runtime/session.js";
import { architecture } from "../../src/zoo/registry.js";
import { classifier, networkOf, writeStateDict } from "./build.js";
import { parseHexFloat, relativeError, stateDict, toNhwc, uniform, withGain } from "./recipe.js";

/** See scripts/fixtures/zoo-timm.py. */
interface Fixture {
  readonly size: number;
  readonly classes: number;
  readonly networks: Record<string, { readonly gain: number; readonly logits: readonly string[] }>;
}
const { size, classes, networks }: Fixture = JSON.parse(readFileSync(new URL("../fixtures/zoo-timm.json", import.meta.url), "utf8"));

/** One of each kind; `OCELLI_WHOLE_ZOO=1` runs them all, in some minutes. */
const chosen = new Set([
  "mobilenetv1_100h",
  "mobilenetv2_050",
  "mobilenetv3_small_050",
  "mobilenetv3_rw",
  "tf_mobilenetv3_small_075",
  "tf_mobilenetv3_large_minimal_100",
  "mobilenetv4_conv_small_035",
  "mobilenetv4_conv_aa_medium",
  "mobilenetv4_conv_blur_medium",
  "mobilenetv4_hybrid_medium_075",
  "mobilenetv4_hybrid_large_075",
  "lcnet_050",
  "mnasnet_small",
  "semnasnet_050",
  "ghostnet_050",
  "repvgg_a0",
  "mobileone_s0",
  "efficientnet_lite0",
  "regnety_002",
  "resnet10t",
  "seresnext26d_32x4d",
  "tf_efficientnet_b0",
  "tf_efficientnetv2_b0",
  "test_byobnet",
  "test_efficientnet",
  "test_efficientnet_evos",
  "test_efficientnet_gn",
  "test_efficientnet_ln",
  "test_mambaout",
  "test_nfnet",
  "test_resnet",
]);
const run = Object.entries(networks).filter(([name]) => chosen.has(name) || process.env.OCELLI_WHOLE_ZOO !== undefined);

test.each(run)("%s computes timm's logits", async (name, expected) => {
  const graph = classifier(await networkOf("timm", name), { size, classes });
  const session = await Session.open({ build: "simd", threads: 1, inline: true });
  const program = await session.prepare(graph);
  await writeStateDict(session, graph, withGain(stateDict(stateDictShapes(graph)), expected.gain));
  const { logits } = await program.run({ x: toNhwc(uniform(0, 3 * size * size), [1, 3, size, size]) });
  session.close();
  expect(relativeError(logits, expected.logits.map(parseHexFloat))).toBeLessThan(1e-4);
});

/** Parameters and multiply-adds as the papers print them (repvgg_a0 and the parameters of mobileone_s0: timm's results), in millions. */
const published: [name: string, parameters: number, multiplyAdds: number, form?: "fused"][] = [
  ["ghostnet_050", 2.6, 42],
  ["ghostnet_100", 5.2, 141],
  ["ghostnet_130", 7.3, 226],
  ["mnasnet_100", 4.4, 315],
  ["semnasnet_100", 3.9, 312],
  ["mobilenetv3_large_075", 4, 155],
  ["tf_mobilenetv3_large_minimal_100", 3.9, 209],
  ["repvgg_a0", 8.3, 1360, "fused"],
  ["repvgg_b1", 51.82, 11800, "fused"],
  ["repvgg_b1g4", 36.12, 7300, "fused"],
  ["mobileone_s0", 2.08, 275, "fused"],
  ["mobileone_s1", 4.8, 825, "fused"],
  ["mobileone_s2", 7.8, 1299, "fused"],
  ["mobileone_s3", 10.1, 1896, "fused"],
  ["mobileone_s4", 14.8, 2978, "fused"],
];
test.each(published)("%s costs what is published", async (name, parameters, multiplyAdds, form) => {
  const cost = costOf(classifier(await architecture(name, form && { form })));
  expect(Math.abs(cost.parameters / (parameters * 1e6) - 1)).toBeLessThan(0.01);
  expect(Math.abs(cost.multiplyAdds / (multiplyAdds * 1e6) - 1)).toBeLessThan(0.01);
});
