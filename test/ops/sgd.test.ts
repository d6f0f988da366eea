import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { sgd } from "../../src/ops/sgd.js";
import { sgdHyper, type SgdOptions } from "../../src/optim/hyper.js";
import { expectAsPytorch, pytorch, unpack } from "../fixtures/pytorch.js";
import { builds } from "../harness/kernels.js";
import { draw, fiveGradients, runSteps, testRuns, type Run } from "./optimizer-runs.js";

const runOf = (options: readonly SgdOptions[], nesterov = false): Run => ({
  start: draw(0),
  gradients: fiveGradients,
  hypers: options.map(sgdHyper),
  state: options[0].momentum === undefined ? [] : ["momentum"],
  step: (tensors) => void sgd.all(tensors, { nesterov }),
});

/** torch.optim.SGD in float64, from the algorithm in PyTorch's documentation. */
function rule({ start, gradients, hypers, state }: Run, nesterov: boolean): Float64Array {
  const p = Float64Array.from(start);
  const m = new Float64Array(p.length);
  gradients.forEach((gradient, step) => {
    const [lr, momentum, decay, dampening, scale] = hypers[step];
    for (let i = 0; i < p.length; i++) {
      const d = scale * gradient[i] + decay * p[i];
      m[i] = momentum * m[i] + (1 - dampening) * d;
      p[i] -= lr * (!state.length ? d : nesterov ? d + momentum * m[i] : m[i]);
    }
  });
  return p;
}

const five = (options: SgdOptions) => fiveGradients.map(() => options);
const runs = (
  [
    ["plain", five({ lr: 0.1 }), false],
    ["decay and gradient scale", five({ lr: 0.1, weightDecay: 0.05, gradientScale: 0.25 }), false],
    ["momentum", five({ lr: 0.1, momentum: 0.9, weightDecay: 0.05 }), false],
    ["dampening", five({ lr: 0.1, momentum: 0.9, dampening: 0.3 }), false],
    ["Nesterov momentum", five({ lr: 0.1, momentum: 0.9, weightDecay: 0.05 }), true],
    ["a schedule", [0.1, 0.2, 0.3, 0.2, 0.1].map((lr) => ({ lr, momentum: 0.8 })), false],
  ] as const
).map(([name, options, nesterov]) => [name, runOf(options, nesterov), rule(runOf(options, nesterov), nesterov)] as const);

describe("sgd", () => {
  for (const build of builds) {
    testRuns(build, runs);

    it.each(pytorch.optimizers.filter(({ op }) => op === "sgd"))(
      `${build}: $options as PyTorch, with clip_grad_norm_`,
      async ({ options, maxNorm, start, gradients, end }) => {
        const { lr, momentum, weight_decay: weightDecay, nesterov } = options;
        const run = {
          ...runOf(
            gradients.map(() => ({ lr, momentum, weightDecay })),
            nesterov,
          ),
          start: unpack(start),
          gradients: gradients.map(unpack),
          maxNorm,
        };
        expectAsPytorch("parameter", (await runSteps(run, build, 1))[0], end);
      },
    );
  }

  it("names what does not fit", () => {
    const graph = new Graph();
    const [parameter, gradient, hyper] = [graph.input("p", [4]), graph.input("g", [5]), graph.input("h", [8])];
    expect(() => sgd.all({ parameter, gradient, hyper })).toThrow(
      "sgd: parameter, gradient and momentum differ in shape (parameter [4], gradient [5], hyper [8])",
    );
    expect(() => sgd.all({ parameter, gradient: parameter, hyper: gradient })).toThrow("hyper expects 8 numbers");
    expect(() => sgd.all({ parameter, gradient: parameter, hyper }, { nesterov: true })).toThrow("nesterov needs momentum");
  });
});
