import { describe, expect, it } from "vitest";
import { Graph, type Value } from "../../src/graph/graph.js";
import { lamb } from "../../src/ops/lamb.js";
import { adamwHyper, type AdamwOptions } from "../../src/optim/hyper.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { draw, fiveGradients, testRuns, type Run } from "./optimizer-runs.js";

interface Kind extends AdamwOptions {
  readonly trustClip?: boolean;
  readonly alwaysAdapt?: boolean;
}

const runOf = ({ trustClip = false, alwaysAdapt = false, ...options }: Kind): Run => ({
  start: draw(0),
  gradients: fiveGradients,
  hypers: fiveGradients.map((_, i) => adamwHyper(options, i + 1)),
  state: ["mean", "square"],
  step: (tensors) => void lamb.all(tensors, { trustClip, alwaysAdapt }),
});

const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** LAMB in float64, from algorithm 2 of the paper with timm's options. */
function rule({ start, gradients }: Run, options: Kind): Float64Array {
  const {
    lr,
    betas: [beta1, beta2] = [0.9, 0.999],
    epsilon = 1e-8,
    weightDecay = 0.01,
    gradientScale = 1,
    trustClip,
    alwaysAdapt,
    biasCorrection = true,
  } = options;
  const p = Float64Array.from(start);
  const [m, v] = [new Float64Array(p.length), new Float64Array(p.length)];
  gradients.forEach((gradient, step) => {
    const correction = (beta: number) => (biasCorrection ? 1 - beta ** (step + 1) : 1);
    const update = p.map((value, i) => {
      const g = gradientScale * gradient[i];
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      return m[i] / correction(beta1) / (Math.sqrt(v[i] / correction(beta2)) + epsilon) + weightDecay * value;
    });
    const trust = weightDecay !== 0 || alwaysAdapt ? norm(p) / norm(update) : 1;
    update.forEach((value, i) => {
      p[i] -= lr * (trustClip ? Math.min(trust, 1) : trust) * value;
    });
  });
  return p;
}

const kinds: readonly (readonly [string, Kind])[] = [
  ["defaults", { lr: 0.01, epsilon: 1e-6 }],
  ["other options", { lr: 0.1, betas: [0.7, 0.9], epsilon: 1e-2, weightDecay: 0.2, gradientScale: 3 }],
  ["ratios above 1 are clipped", { lr: 0.1, weightDecay: 0.1, epsilon: 10, trustClip: true }],
  ["no decay: the direction as it is", { lr: 0.02, weightDecay: 0, epsilon: 10 }],
  ["no decay, adapted all the same, without bias correction", { lr: 0.02, weightDecay: 0, epsilon: 1e-2, alwaysAdapt: true, biasCorrection: false }],
];
const runs = kinds.map(([name, kind]) => [name, runOf(kind), rule(runOf(kind), kind)] as const);

describe("lamb", () => {
  for (const build of builds) {
    testRuns(build, runs);

    it(`${build}: a parameter of zeros takes the direction as it is, one without gradient stays`, async () => {
      const graph = new Graph();
      const [zero, still] = [graph.input("zero", [5]), graph.input("still", [5])];
      const state = ["a", "b", "c", "d"].map((name) => graph.input(name, [5]));
      const [some, none, hyper] = [graph.input("some", [5]), graph.input("none", [5]), graph.input("hyper", [8])];
      lamb.all({ parameter: zero, gradient: some, mean: state[0], square: state[1], hyper });
      lamb.all({ parameter: still, gradient: none, mean: state[2], square: state[3], hyper }, { alwaysAdapt: true });
      const feeds = new Map([zero, none, ...state].map((value): [Value, Float32Array] => [value, new Float32Array(5)]));
      feeds.set(still, new Float32Array(5).fill(2));
      feeds.set(some, Float32Array.of(1, -1, 2, -2, 3));
      feeds.set(hyper, adamwHyper({ lr: 0.5, weightDecay: 0, epsilon: 1e-6 }, 1));
      const [moved, kept] = await runGraph(graph, feeds, [zero, still], { build });
      [-0.5, 0.5, -0.5, 0.5, -0.5].forEach((value, i) => expect(moved[i]).toBeCloseTo(value, 5));
      expect([...kept]).toEqual([2, 2, 2, 2, 2]);
    });
  }

  it("names what does not fit", () => {
    const graph = new Graph();
    const [parameter, gradient] = [graph.input("p", [4]), graph.input("g", [5])];
    const whole = { parameter, gradient: parameter, mean: parameter, square: parameter, hyper: graph.input("h", [8]) };
    expect(() => lamb.all({ ...whole, gradient })).toThrow("lamb: parameter, gradient, mean and square differ in shape");
    expect(() => lamb.all({ ...whole, hyper: gradient })).toThrow("hyper expects 8 numbers, scale one");
  });
});
