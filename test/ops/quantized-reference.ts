/** Quantised layers in JavaScript numbers, which are exact for their sums; every rounding is written out. */
import type { Quantization } from "../../src/core/dtype.js";
import { Random } from "../../src/core/random.js";
import { sizeOf, type Shape } from "../../src/core/shape.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { expect, it } from "vitest";
import { setFlagsFromString } from "node:v8";
import { builds } from "../harness/kernels.js";
import { type Data, runGraph } from "../harness/run-kernels.js";
import { expectSameBits } from "../harness/test-op.js";

// Node 20's baseline compiler computes the relaxed dot product wrongly; its optimising one does not.
setFlagsFromString("--no-liftoff");

export interface Layer {
  readonly weight: Int8Array;
  /** Of `weight`, in memory's layout. */
  readonly shape: Shape;
  readonly weightScale: Float32Array;
  readonly bias?: Float32Array;
}

export interface Result {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly low?: number;
  readonly high?: number;
}

/** Nearest whole number, halves to even. */
export function roundEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

export const byteOf = (x: number, low = 0, high = 127) => Math.min(Math.max(x, low), high);

/** Bytes, or floats where `scale` is 0, of int32 sums without bias and correction, [.., columns]. */
export function storeReference(
  sums: readonly number[],
  layer: Layer,
  input: Quantization,
  result: Result,
  residual?: { data: Uint8Array } & Quantization,
): number[] {
  const columns = layer.weightScale.length;
  const depth = layer.weight.length / columns;
  const { scale, zeroPoint, low = -Infinity, high = Infinity } = result;
  const stored = (bound: number) => byteOf(Math.round(bound / scale) + zeroPoint);
  return sums.map((sum, i) => {
    const column = i % columns;
    let total = 0;
    for (let k = 0; k < depth; k++) total += layer.weight[k * columns + column];
    const unit = input.scale * layer.weightScale[column];
    const bias = (layer.bias?.[column] ?? 0) - (residual ? residual.scale * residual.zeroPoint : 0);
    const start = byteOf(roundEven(bias / unit), -(2 ** 30), 2 ** 30) - total * input.zeroPoint;
    const real = Math.fround(Math.fround(sum + start) * Math.fround(unit / (scale || 1)));
    if (scale === 0) return Math.min(Math.max(real, low), high);
    const share = residual ? Math.fround(residual.data[i] * Math.fround(residual.scale / scale)) : 0;
    return byteOf(roundEven(Math.fround(real + share)) + zeroPoint, stored(low), stored(high));
  });
}

export const randomBytes = (seed: number, size: number) => {
  const random = new Random(seed, 1);
  return Uint8Array.from({ length: size }, () => Math.floor(random.uniform(0, 128)));
};

/** A layer with weights over the whole of int8 and a channel of zeros. */
export function randomLayer(seed: number, shape: Shape, withBias = true): Layer {
  const random = new Random(seed, 2);
  const columns = shape[shape.length - 1];
  return {
    shape,
    weight: Int8Array.from({ length: sizeOf(shape) }, (_, i) => (columns > 2 && i % columns === 1 ? 0 : Math.floor(random.uniform(-127, 128)))),
    weightScale: Float32Array.from({ length: columns }, () => random.uniform(1e-4, 1e-2)),
    bias: withBias ? Float32Array.from({ length: columns }, () => random.uniform(-3, 3)) : undefined,
  };
}

/** Graph inputs for a layer's tensors, and their data. */
export function feedLayer(graph: Graph, feeds: Map<Value, Data>, { weight, shape, weightScale, bias }: Layer) {
  const feed = (name: string, data: Data | undefined, shape: Shape, dtype: "float32" | "int8" = "float32") => {
    if (!data) return undefined;
    const value = graph.input(name, shape, dtype);
    feeds.set(value, data);
    return value;
  };
  const columns = [weightScale.length];
  return { weight: feed("weight", weight, shape, "int8"), weightScale: feed("weightScale", weightScale, columns), bias: feed("bias", bias, columns) };
}

/** Activations as a graph input that says what its bytes stand for. */
export function feedBytes(graph: Graph, feeds: Map<Value, Data>, name: string, data: Uint8Array, shape: Shape, quantization: Quantization): Value {
  const value = Object.assign(graph.input(name, shape, "uint8"), { quantization });
  feeds.set(value, data);
  return value;
}

/** Each build gives exactly these numbers, split over any threads. */
export function expectExactly(title: string, make: (graph: Graph, feeds: Map<Value, Data>) => Value, expected: () => readonly number[]): void {
  for (const build of builds) {
    it(`${build}: ${title}`, async () => {
      const run = async (options: object) => {
        const graph = new Graph();
        const feeds = new Map<Value, Data>();
        const y = make(graph, feeds);
        return runGraph(graph, feeds, [y], { build, ...options });
      };
      const found = await run({});
      const wanted = expected();
      expect(found[0].length).toBe(wanted.length);
      found[0].forEach((value, i) => value === wanted[i] || expect.fail(`[${i}]: expected ${wanted[i]}, got ${value}`));
      await expectSameBits(found, run, false);
    });
  }
}
