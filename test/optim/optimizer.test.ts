import { describe, expect, it } from "vitest";
import { Graph, type Value } from "../../src/graph/graph.js";
import { addUpdate, checkedOptimizer, hyperOf, type Optimizer, type OptimizerName, type OptimizerSettings } from "../../src/optim/optimizer.js";
import { learning } from "../fixtures/learning.js";
import { expectAsPytorch, unpack } from "../fixtures/pytorch.js";
import { builds } from "../harness/kernels.js";
import { type Run, runSteps } from "../ops/optimizer-runs.js";

/** Our options of PyTorch's and timm's. */
function settingsOf({ name, options }: (typeof learning.optimizers)[number]): OptimizerSettings {
  const { alpha, eps, betas, centered, trust_clip: trustClip, always_adapt: alwaysAdapt, bias_correction: biasCorrection, momentum = 0 } = options;
  const given = { name, alpha, eps, betas, centered, trustClip, alwaysAdapt, biasCorrection };
  const optimizer = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as unknown as Optimizer;
  return { optimizer: checkedOptimizer(optimizer), momentum: momentum as number, nesterov: false };
}

/** The names of the tensors that an optimiser keeps. */
function statesOf(settings: OptimizerSettings): string[] {
  const graph = new Graph();
  const [parameter, hyper] = [graph.input("p", [4]), graph.input("hyper", [8])];
  const names: string[] = [];
  const state = (kind: string): Value => {
    names.push(kind);
    return graph.input(kind, [4]);
  };
  addUpdate(settings, { parameter, gradient: parameter, hyper, state });
  return names;
}

describe("optimisers follow PyTorch's and timm's", () => {
  const cases = learning.optimizers.flatMap((fixture) => builds.map((build) => ({ build, ...fixture })));
  it.each(cases)("$build: $name $options", async ({ build, ...fixture }) => {
    const settings = settingsOf(fixture);
    const { lr, weight_decay: weightDecay = fixture.name === "lamb" ? 0.01 : 0, max_grad_norm: clip = 1 } = fixture.options as Record<string, number>;
    const gradients = fixture.gradients.map(unpack);
    const run: Run = {
      start: unpack(fixture.start),
      gradients,
      hypers: gradients.map((_, i) => hyperOf(settings, { lr, weightDecay }, i + 1)),
      state: statesOf(settings),
      maxNorm: fixture.name === "lamb" ? clip : undefined,
      step: ({ parameter, gradient, hyper, scale, ...states }) =>
        addUpdate(settings, {
          parameter: parameter as Value,
          gradient: gradient as Value,
          hyper: hyper as Value,
          scale,
          state: (kind) => states[kind] as Value,
        }),
    };
    const [found] = await runSteps(run, build, 1);
    expectAsPytorch("parameter", found, fixture.end);
    expect(Array.from(found).every((value, i) => value !== run.start[i])).toBe(true);
  });
});

describe("checkedOptimizer", () => {
  it("keeps a name where all else is the default, and else says every option", () => {
    expect(checkedOptimizer("adamw")).toBe("adamw");
    expect(checkedOptimizer({ name: "adamw", eps: 1e-8, betas: [0.9, 0.999] })).toBe("adamw");
    expect(checkedOptimizer({ name: "lamb", trustClip: true })).toEqual({
      name: "lamb",
      betas: [0.9, 0.999],
      eps: 1e-6,
      biasCorrection: true,
      trustClip: true,
      alwaysAdapt: false,
    });
  });

  it.each<[unknown, string]>([
    ["adam", 'train: optimizer expected sgd or adamw or lamb or rmsprop or rmsproptf, got "adam"'],
    [{ name: "toString" }, 'train: optimizer expected sgd or adamw or lamb or rmsprop or rmsproptf, got "toString"'],
    [{ name: "sgd", betas: [0, 0] }, "train: optimizer sgd: betas is no option of it; those are dampening"],
    [{ name: "adamw", betas: [0.9, 1] }, "train: optimizer adamw: betas expected 2 numbers from 0 to 0.9999999403953552, got [0.9,1]"],
    [{ name: "adamw", betas: 0.9 }, "train: optimizer adamw: betas expected 2 numbers from 0 to"],
    [{ name: "lamb", trustClip: 1 }, "train: optimizer lamb: trustClip expected true or false, got 1"],
    [{ name: "rmsprop", eps: -1 }, "train: optimizer rmsprop: eps expected a number of 0 or more, got -1"],
    [{ name: "rmsproptf", alpha: Number.NaN }, "train: optimizer rmsproptf: alpha expected a number from 0 to"],
  ])("refuses %j", (given, message) => {
    expect(() => checkedOptimizer(given as OptimizerName)).toThrow(message);
  });
});
