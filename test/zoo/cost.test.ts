import { expect, test } from "vitest";
import { costOf } from "../../src/nn/cost.js";
import { architecture } from "../../src/zoo/registry.js";
import { classifier } from "./build.js";

/** Parameters and multiply-adds as the papers give them (He et al. 2016; Howard et al. 2017); those of the libraries' networks are compared in names.test.ts. */
const published: Record<string, [parameters: number, multiplyAdds: number]> = {
  resnet20: [0.27e6, 0.0408e9],
  mobilenet_v1: [4.23e6, 0.569e9],
};

test("ocelli_s keeps what is promised for it with 200 classes: 1.5 million parameters, 60 million multiply-adds at its own size", async () => {
  const { parameters, multiplyAdds } = costOf(classifier(await architecture("ocelli_s")));
  expect(parameters).toBeLessThan(1.5e6);
  expect(multiplyAdds).toBeLessThan(60e6);
});

test.each(Object.entries(published))("%s costs what is published", async (name, [parameters, multiplyAdds]) => {
  const cost = costOf(classifier(await architecture(name)));
  expect(Math.abs(cost.parameters / parameters - 1)).toBeLessThan(0.01);
  expect(Math.abs(cost.multiplyAdds / multiplyAdds - 1)).toBeLessThan(0.01);
  expect(cost.flops).toBeGreaterThan(2 * cost.multiplyAdds);
  expect(cost.layers.every((layer) => layer.flops >= 0)).toBe(true);
});
