import { expect, it } from "vitest";
import { Random } from "../../src/core/random.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { clipFactor, squaredNorm } from "../../src/ops/gradient-norm.js";
import type { Build } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";
import { randomValues } from "../harness/test-op.js";

/** Steps of one optimiser on one parameter: a gradient and the `hyper` input for each. */
export interface Run {
  readonly start: Float32Array;
  readonly gradients: readonly Float32Array[];
  readonly hypers: readonly Float32Array[];
  /** Names of the optimiser's state, which starts at zero. */
  readonly state: readonly string[];
  readonly maxNorm?: number;
  /** Adds the optimiser's node. */
  step(tensors: Record<string, Value | undefined>): void;
}

export const draw = (seed: number): Float32Array => randomValues(new Random(7, seed), 37);
export const fiveGradients = [1, 2, 3, 4, 5].map(draw);

/** The parameter after the last step, and the optimiser's state. */
export async function runSteps({ start, gradients, hypers, state, maxNorm, step }: Run, build: Build, threads: number): Promise<ArrayLike<number>[]> {
  const graph = new Graph();
  const feeds = new Map<Value, Float32Array>();
  const input = (name: string, data: Float32Array) => {
    const value = graph.input(name, [data.length]);
    feeds.set(value, data);
    return value;
  };
  const kept = Object.fromEntries(["parameter", ...state].map((name) => [name, input(name, name === "parameter" ? start : new Float32Array(start.length))]));
  gradients.forEach((data, i) => {
    const gradient = input(`gradient${i}`, data);
    const scale = maxNorm === undefined ? undefined : clipFactor([squaredNorm({ x: gradient })], { maxNorm });
    step({ ...kept, gradient, hyper: input(`hyper${i}`, hypers[i]), scale });
  });
  return runGraph(graph, feeds, Object.values(kept), { build, threads });
}

/** Each run ends where `rule`, the optimiser in float64, ends, whatever the number of shares. */
export function testRuns(build: Build, runs: readonly (readonly [string, Run, Float64Array])[]): void {
  it.each(runs)(`${build}: %s follows the rule in float64`, async (_, run, expected) => {
    const [found] = await runSteps(run, build, 1);
    expected.forEach((value, i) =>
      expect(Math.abs(found[i] - value), `[${i}]: expected ${value}, got ${found[i]}`).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(value))),
    );
    expect(Array.from(found).some((value, i) => value === run.start[i])).toBe(false);
    expect(await runSteps(run, build, 3)).toEqual(await runSteps(run, build, 1));
  });
}
