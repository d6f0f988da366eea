import { describe, expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.js";
import { rmsprop } from "../../src/ops/rmsprop.js";
import { rmspropHyper, type RmspropOptions } from "../../src/optim/hyper.js";
import { builds } from "../harness/kernels.js";
import { draw, fiveGradients, testRuns, type Run } from "./optimizer-runs.js";

interface Kind extends RmspropOptions {
  readonly centered?: boolean;
  readonly tensorflow?: boolean;
}

const runOf = ({ centered, tensorflow = false, ...options }: Kind): Run => ({
  start: draw(0),
  gradients: fiveGradients,
  hypers: fiveGradients.map((_, i) => rmspropHyper(options, i + 1)),
  state: ["square", ...(centered ? ["mean"] : []), ...(options.momentum ? ["momentum"] : [])],
  step: (tensors) => void rmsprop.all(tensors, { tensorflow }),
});

/** torch.optim.RMSprop, and TensorFlow's form of it, in float64. */
function rule({ start, gradients }: Run, options: Kind): Float64Array {
  const { lr, alpha = 0.99, epsilon = 1e-8, momentum = 0, weightDecay = 0, start: first = 0, gradientScale = 1, centered, tensorflow } = options;
  const p = Float64Array.from(start);
  const v = new Float64Array(p.length).fill(first);
  const [m, b] = [new Float64Array(p.length), new Float64Array(p.length)];
  for (const gradient of gradients) {
    for (let i = 0; i < p.length; i++) {
      const d = gradientScale * gradient[i] + weightDecay * p[i];
      v[i] = alpha * v[i] + (1 - alpha) * d * d;
      m[i] = alpha * m[i] + (1 - alpha) * d;
      const w = centered ? v[i] - m[i] * m[i] : v[i];
      b[i] = momentum * b[i] + (tensorflow ? (lr * d) / Math.sqrt(w + epsilon) : d / (Math.sqrt(w) + epsilon));
      p[i] -= tensorflow ? b[i] : lr * b[i];
    }
  }
  return p;
}

const kinds: readonly (readonly [string, Kind])[] = [
  ["defaults", { lr: 0.01 }],
  ["momentum, decay and gradient scale", { lr: 0.02, alpha: 0.9, epsilon: 1e-3, momentum: 0.9, weightDecay: 0.05, gradientScale: 3 }],
  ["centred", { lr: 0.01, alpha: 0.8, epsilon: 0.1, centered: true }],
  ["TensorFlow's", { lr: 0.01, alpha: 0.9, epsilon: 1e-10, start: 1, tensorflow: true }],
  ["TensorFlow's, centred, with momentum", { lr: 0.02, alpha: 0.9, epsilon: 1e-3, momentum: 0.5, start: 1, centered: true, tensorflow: true }],
];
const runs = kinds.map(([name, kind]) => [name, runOf(kind), rule(runOf(kind), kind)] as const);

describe("rmsprop", () => {
  for (const build of builds) testRuns(build, runs);

  it("names what does not fit", () => {
    const graph = new Graph();
    const [parameter, gradient] = [graph.input("p", [4]), graph.input("g", [5])];
    const whole = { parameter, gradient: parameter, square: parameter, hyper: graph.input("h", [8]) };
    expect(() => rmsprop.all({ ...whole, mean: gradient })).toThrow("rmsprop: parameter, gradient, square, mean and momentum differ in shape");
    expect(() => rmsprop.all({ ...whole, hyper: gradient })).toThrow("hyper expects 8 numbers, scale one");
    expect(() => rmspropHyper({ lr: 1 }, 0)).toThrow("rmspropHyper: steps count from 1, got 0");
  });
});
