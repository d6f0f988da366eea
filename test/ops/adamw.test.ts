import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { adamw } from "../../src/ops/adamw.js";
import { adamwHyper, type AdamwOptions } from "../../src/optim/hyper.js";
import { expectAsPytorch, pytorch, unpack } from "../fixtures/pytorch.js";
import { builds } from "../harness/kernels.js";
import { draw, fiveGradients, runSteps, testRuns, type Run } from "./optimizer-runs.js";

const runOf = (options: AdamwOptions): Run => ({
  start: draw(0),
  gradients: fiveGradients,
  hypers: fiveGradients.map((_, i) => adamwHyper(options, i + 1)),
  state: ["mean", "square"],
  step: (tensors) => void adamw.all(tensors),
});

/** torch.optim.AdamW in float64, from the algorithm in PyTorch's documentation. */
function rule(
  { start, gradients }: Run,
  { lr, betas: [beta1, beta2] = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01, gradientScale = 1 }: AdamwOptions,
): Float64Array {
  const p = Float64Array.from(start);
  const m = new Float64Array(p.length);
  const v = new Float64Array(p.length);
  gradients.forEach((gradient, step) => {
    for (let i = 0; i < p.length; i++) {
      const g = gradientScale * gradient[i];
      p[i] -= lr * weightDecay * p[i];
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      p[i] -= ((lr / (1 - beta1 ** (step + 1))) * m[i]) / (Math.sqrt(v[i] / (1 - beta2 ** (step + 1))) + epsilon);
    }
  });
  return p;
}

const runs = (
  [
    ["defaults", { lr: 0.01 }],
    ["other options", { lr: 0.1, betas: [0.7, 0.9], epsilon: 1e-2, weightDecay: 0.2, gradientScale: 3 }],
  ] as const
).map(([name, options]) => [name, runOf(options), rule(runOf(options), options)] as const);

describe("adamw", () => {
  for (const build of builds) {
    testRuns(build, runs);

    it.each(pytorch.optimizers.filter(({ op }) => op === "adamw"))(
      `${build}: $options as PyTorch, with clip_grad_norm_`,
      async ({ options, maxNorm, start, gradients, end }) => {
        const { lr, weight_decay: weightDecay, betas, eps: epsilon } = options;
        const run = { ...runOf({ lr, weightDecay, betas, epsilon }), start: unpack(start), gradients: gradients.map(unpack), maxNorm };
        expectAsPytorch("parameter", (await runSteps(run, build, 1))[0], end);
      },
    );
  }

  it("names what does not fit", () => {
    const graph = new Graph();
    const [parameter, gradient] = [graph.input("p", [4]), graph.input("g", [5])];
    const whole = { parameter, gradient: parameter, mean: parameter, square: parameter, hyper: graph.input("h", [8]) };
    expect(() => adamw.all({ ...whole, gradient })).toThrow("adamw: parameter, gradient, mean and square differ in shape");
    expect(() => adamw.all({ ...whole, hyper: gradient })).toThrow("hyper expects 8 numbers, scale one");
    expect(() => adamwHyper({ lr: 1 }, 0)).toThrow("adamwHyper: steps count from 1, got 0");
  });
});
