import { describe, expect, it } from "vitest";
import { Graph, type Value } from "../../src/graph/graph.js";
import { adamw } from "../../src/ops/adamw.js";
import { clipFactor, squaredNorm } from "../../src/ops/gradient-norm.js";
import { sgd } from "../../src/ops/sgd.js";
import { adamwHyper, sgdHyper } from "../../src/optim/hyper.js";
import { Random } from "../../src/core/random.js";
import { expectAsPytorch, pytorch, unpack } from "../fixtures/pytorch.js";
import { builds, type Build } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { randomValues } from "../harness/test-op.js";

interface Run {
  readonly op: "sgd" | "adamw";
  readonly start: Float32Array;
  readonly gradients: readonly Float32Array[];
  readonly hypers: readonly Float32Array[];
  readonly momentum?: boolean;
  readonly nesterov?: boolean;
  readonly maxNorm?: number;
}

/** One graph with a step for each gradient; gives the parameter and the optimiser's state after the last. */
async function steps({ op, start, gradients, hypers, momentum = true, nesterov = false, maxNorm }: Run, build: Build, threads: number) {
  const graph = new Graph();
  const feeds = new Map<Value, Float32Array>();
  const input = (name: string, data: Float32Array) => {
    const value = graph.input(name, [data.length]);
    feeds.set(value, data);
    return value;
  };
  const parameter = input("parameter", start);
  const state = (op === "adamw" ? ["mean", "square"] : momentum ? ["momentum"] : []).map((name) => input(name, new Float32Array(start.length)));
  gradients.forEach((data, i) => {
    const gradient = input(`gradient${i}`, data);
    const hyper = input(`hyper${i}`, hypers[i]);
    const scale = maxNorm === undefined ? undefined : clipFactor([squaredNorm({ x: gradient })], { maxNorm });
    if (op === "sgd") sgd.all({ parameter, gradient, momentum: state[0], hyper, scale }, { nesterov });
    else adamw.all({ parameter, gradient, mean: state[0], square: state[1], hyper, scale });
  });
  return runGraph(graph, feeds, [parameter, ...state], { build, threads });
}

/** torch.optim.SGD and AdamW in float64, from the algorithms in PyTorch's documentation. */
function rules({ op, start, gradients, hypers, momentum = true, nesterov = false }: Run): Float64Array {
  const p = Float64Array.from(start);
  const m = new Float64Array(p.length);
  const v = new Float64Array(p.length);
  gradients.forEach((gradient, step) => {
    const h = hypers[step];
    for (let i = 0; i < p.length; i++) {
      if (op === "sgd") {
        const [lr, mu, decay, dampening, scale] = h;
        const d = scale * gradient[i] + decay * p[i];
        m[i] = mu * m[i] + (1 - dampening) * d;
        p[i] -= lr * (!momentum ? d : nesterov ? d + mu * m[i] : m[i]);
      } else {
        const [lr, beta1, beta2, epsilon, decay, , , scale] = h;
        const g = scale * gradient[i];
        p[i] -= lr * decay * p[i];
        m[i] = beta1 * m[i] + (1 - beta1) * g;
        v[i] = beta2 * v[i] + (1 - beta2) * g * g;
        p[i] -= ((lr / (1 - beta1 ** (step + 1))) * m[i]) / (Math.sqrt(v[i] / (1 - beta2 ** (step + 1))) + epsilon);
      }
    }
  });
  return p;
}

const draw = (seed: number, size = 37) => randomValues(new Random(7, seed), size);
const gradients = [1, 2, 3, 4, 5].map((seed) => draw(seed));
const sgdRun = (options: Parameters<typeof sgdHyper>[0], more: Partial<Run> = {}): Run => ({
  op: "sgd",
  start: draw(0),
  gradients,
  hypers: gradients.map(() => sgdHyper(options)),
  ...more,
});

const runs: [string, Run][] = [
  ["sgd", sgdRun({ lr: 0.1 }, { momentum: false })],
  ["sgd with decay and gradient scale", sgdRun({ lr: 0.1, weightDecay: 0.05, gradientScale: 0.25 }, { momentum: false })],
  ["sgd with momentum", sgdRun({ lr: 0.1, momentum: 0.9, weightDecay: 0.05 })],
  ["sgd with dampening", sgdRun({ lr: 0.1, momentum: 0.9, dampening: 0.3 })],
  ["sgd with Nesterov momentum", sgdRun({ lr: 0.1, momentum: 0.9, weightDecay: 0.05 }, { nesterov: true })],
  ["sgd with a schedule", sgdRun({ lr: 0 }, { hypers: [0.1, 0.2, 0.3, 0.2, 0.1].map((lr) => sgdHyper({ lr, momentum: 0.8 })) })],
  ["adamw", { op: "adamw", start: draw(0), gradients, hypers: gradients.map((_, i) => adamwHyper({ lr: 0.01 }, i + 1)) }],
  [
    "adamw with other options",
    {
      op: "adamw",
      start: draw(0),
      gradients,
      hypers: gradients.map((_, i) => adamwHyper({ lr: 0.1, betas: [0.7, 0.9], epsilon: 1e-2, weightDecay: 0.2, gradientScale: 3 }, i + 1)),
    },
  ],
];

describe.each(builds)("optimisers, %s", (build) => {
  it.each(runs)("%s: five steps follow the rule in float64", async (_, run) => {
    const [found] = await steps(run, build, 1);
    rules(run).forEach((value, i) =>
      expect(Math.abs(found[i] - value), `[${i}]: expected ${value}, got ${found[i]}`).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(value))),
    );
    expect(found.some((value, i) => value === run.start[i])).toBe(false);
  });

  it.each(runs)("%s: the same bits in three shares", async (_, run) => {
    expect(await steps(run, build, 3)).toEqual(await steps(run, build, 1));
  });

  it.each(pytorch.optimizers)("$op $options as PyTorch, with clip_grad_norm_", async ({ op, options, maxNorm, start, gradients: packed, end }) => {
    const { lr, momentum, weight_decay: weightDecay, nesterov, betas, eps: epsilon } = options;
    const hypers = packed.map((_, i) => (op === "sgd" ? sgdHyper({ lr, momentum, weightDecay }) : adamwHyper({ lr, betas, epsilon, weightDecay }, i + 1)));
    const [found] = await steps(
      { op, start: unpack(start), gradients: packed.map(unpack), hypers, momentum: momentum !== undefined, nesterov, maxNorm },
      build,
      1,
    );
    expectAsPytorch("parameter", found, end);
  });
});

it("names what does not fit", () => {
  const graph = new Graph();
  const [parameter, gradient, hyper] = [graph.input("p", [4]), graph.input("g", [5]), graph.input("h", [8])];
  expect(() => sgd.all({ parameter, gradient, hyper })).toThrow(
    "sgd: parameter, gradient and momentum differ in shape (parameter [4], gradient [5], hyper [8])",
  );
  expect(() => sgd.all({ parameter, gradient: parameter, hyper }, { nesterov: true })).toThrow("nesterov needs momentum");
  expect(() => adamw.all({ parameter, gradient: parameter, mean: parameter, square: parameter, hyper: gradient })).toThrow("hyper expects 8 numbers");
});
