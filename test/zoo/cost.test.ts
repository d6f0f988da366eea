import { expect, test } from "vitest";
import { costOf } from "../../src/nn/cost.js";
import { architecture } from "../../src/zoo/registry.js";
import { classifier } from "./build.js";

/** Parameters and multiply-adds as torchvision's and timm's model pages and He et al. 2016 (resnet20) give them. */
const published: Record<string, [parameters: number, multiplyAdds?: number]> = {
  resnet18: [11.69e6, 1.814e9],
  resnet50: [25.557e6, 4.089e9],
  resnet20: [0.27e6, 0.0408e9],
  mobilenet_v1: [4.23e6, 0.569e9],
  mobilenet_v2: [3.505e6, 0.301e9],
  mobilenetv3_small_100: [2.543e6, 0.0565e9],
  mobilenetv3_large_100: [5.483e6, 0.217e9],
  squeezenet1_0: [1.248e6, 0.819e9],
};

test.each(Object.entries(published))("%s costs what is published", async (name, [parameters, multiplyAdds]) => {
  const cost = costOf(classifier(await architecture(name)));
  expect(Math.abs(cost.parameters / parameters - 1)).toBeLessThan(0.01);
  if (multiplyAdds) expect(Math.abs(cost.multiplyAdds / multiplyAdds - 1)).toBeLessThan(0.01);
  expect(cost.flops).toBeGreaterThan(2 * cost.multiplyAdds);
  expect(cost.layers.every((layer) => layer.flops >= 0)).toBe(true);
});
