import { describe, expect, it } from "vitest";
import { gradients } from "../../src/autograd/index.js";
import type { Dtype } from "../../src/core/dtype.js";
import { Random } from "../../src/core/random.js";
import { formatShape, sizeOf, type Shape } from "../../src/core/shape.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import type { Attributes, Op } from "../../src/graph/op.js";
import { builds, type Build } from "./kernels.js";
import { runGraph, type Data, type RunOptions } from "./run-kernels.js";

/** A tensor of the float64 reference. */
export interface Tensor64 {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** What a reference gives for one output: the values and, for sums of products, how large their terms were. */
export interface Expected extends Tensor64 {
  /** sum |a b| over the terms of each element; the bound of its error is then 4 eps32 sqrt(terms) magnitude. */
  readonly magnitude?: Float64Array;
  /** K: terms in the sum of one element. */
  readonly terms?: number;
  /** Side of the tiles that Winograd's algorithm makes; the bound is then that of the largest magnitude times `WINOGRAD_ERROR`. */
  readonly winograd?: keyof typeof WINOGRAD_ERROR;
}

/**
 * Winograd's algorithm spreads the rounding errors of a tile over all of its outputs, so what bounds them is not an
 * element's own magnitude but the largest one's, times this constant by tile size. It is below 1 because a sum has a 4th or
 * a 16th of the direct one's terms and errors of random sign: 0.06 and 0.16 were seen, a wrong point of interpolation shows.
 */
const WINOGRAD_ERROR = { 2: 1 / 4, 4: 1 / 2 } as const;

export interface Case<A extends Attributes> {
  readonly shapes: Record<string, Shape>;
  readonly attributes?: Partial<A>;
  /** Values instead of random ones. */
  readonly values?: Record<string, ArrayLike<number>>;
}

export interface OpTest<A extends Attributes> {
  readonly name?: string;
  /** Shapes by input; the i-th of each name make case i. */
  readonly inputs?: Record<string, readonly Shape[]>;
  /** Every case of `inputs` runs with each of these; default the op's own. */
  readonly attributes?: readonly Partial<A>[];
  /** Instead of `inputs`, or besides: cases whose attributes go with their shapes. */
  readonly cases?: readonly Case<A>[];
  /** The op written from its formula. An op with several outputs, or one that mutates inputs, gives each by name. */
  reference(tensors: Record<string, Tensor64>, attributes: A): Expected | Record<string, Expected>;
  /** Inputs whose gradient is checked; default all that have a rule. */
  readonly wanted?: readonly string[];
  /** Element types that are not float32. Such an input needs `values`. */
  readonly dtypes?: Record<string, Dtype>;
  /** Bounds of random values by input, default -2 to 2. Values keep 0.05 away from whole numbers, where kinks are. */
  readonly ranges?: Record<string, readonly [number, number]>;
  /** The op maps element to element: NaN, infinities and extreme numbers must come out as in the reference. */
  readonly elementwise?: boolean;
}

/** y = f(x) element by element: the shape of most references. */
export function mapValues(x: Tensor64, f: (value: number, index: number) => number): Tensor64 {
  return { shape: x.shape, data: x.data.map(f) };
}

/** Every position of a tensor, in the order of its elements. */
export function positionsOf(shape: Shape): number[][] {
  return Array.from({ length: sizeOf(shape) }, (_, element) => {
    const position = new Array<number>(shape.length);
    for (let axis = shape.length - 1, left = element; axis >= 0; axis--) {
      position[axis] = left % shape[axis];
      left = Math.floor(left / shape[axis]);
    }
    return position;
  });
}

/** The element at a position. */
export function elementAt({ shape, data }: Tensor64, position: readonly number[]): number {
  return data[shape.reduce((offset, size, axis) => offset * size + position[axis], 0)];
}

const EPS32 = 2 ** -23;
/** Positions of an input at which its gradient is compared with differences; larger tensors are sampled. */
const GRADIENT_SAMPLES = 160;
const EXTREMES = [NaN, Infinity, -Infinity, 0, -0, 1e-40, -1e-40, 1e-20, -1e-20, 88.7, -88.7, 104, -104, 1e4, -1e4, 3e38, -3e38, 1, -1, 16.5, -16.5];

/**
 * Tests one op from its definition: shape rule, forward in every build, every gradient against central differences of
 * the reference (eps 1e-6, rtol 1e-3, atol 1e-5), the same bits for 1, 2 and 3 shares and in place, canaries around
 * every tensor, and for element-wise ops NaN and infinity. Tolerances are the harness's, not the test's.
 */
export function testOp<A extends Attributes>(op: Op<A>, test: OpTest<A>): void {
  const names = Object.keys(test.inputs ?? {});
  const zipped = names.length ? test.inputs![names[0]].map((_, i) => Object.fromEntries(names.map((name) => [name, test.inputs![name][i]]))) : [];
  const cases: Case<A>[] = [...zipped.flatMap((shapes) => (test.attributes ?? [{}]).map((attributes) => ({ shapes, attributes }))), ...(test.cases ?? [])];

  describe(test.name ?? op.name, () => {
    for (const [index, given] of cases.entries()) {
      const attributes = { ...op.attributes, ...given.attributes } as A;
      const title = `${Object.entries(given.shapes)
        .map(([name, shape]) => `${name} ${formatShape(shape)}`)
        .join(", ")} ${describeAttributes(given.attributes)}`;
      const make = () => {
        const graph = new Graph();
        const inputs = Object.fromEntries(
          Object.entries(given.shapes).map(([name, shape]) => [name, graph.input(name, shape, test.dtypes?.[name] ?? "float32")]),
        );
        op.all(inputs, attributes);
        return { graph, tensors: graph.nodes[0].tensors, node: graph.nodes[0] };
      };
      const data: Record<string, Data> = Object.fromEntries(
        Object.entries(given.shapes).map(([name, shape], i) => {
          const values = given.values?.[name] ?? randomValues(new Random(index, i), sizeOf(shape), test.ranges?.[name]);
          return [name, test.dtypes?.[name] === "int32" ? Int32Array.from(values) : Float32Array.from(values)];
        }),
      );
      const expected = byName(test.reference(tensors64(given.shapes, data), attributes), op);

      it(`shape: ${title}`, () => {
        const { tensors } = make();
        for (const [name, { shape }] of Object.entries(expected)) expect(tensors[name].shape, name).toEqual(shape);
      });

      const rules = Object.keys(given.shapes).filter((name) => op.gradient?.[op.variadic ? op.inputs[0] : name]);
      const wanted = (test.wanted ?? rules).filter((name) => given.shapes[name]);
      for (const build of builds) {
        it(`${build}: ${title}`, async () => {
          const run = async (options: Omit<RunOptions, "build">) => {
            const { graph, tensors } = make();
            return runGraph(
              graph,
              feedsOf(data, tensors),
              Object.keys(expected).map((name) => tensors[name]),
              { build, ...options },
            );
          };
          const found = await run({});
          Object.entries(expected).forEach(([name, reference], i) => expectClose(`${op.name} ${name}`, found[i], reference));
          await expectSameBits(found, run, !op.mutates);
        });

        if (wanted.length) {
          it(`${build} gradient of ${wanted.join(", ")}: ${title}`, async () => {
            const first = op.outputs?.[0] ?? "y";
            const weights = randomValues(new Random(index, 99), expected[first].data.length, [-1, 1]);
            const run = async (options: Omit<RunOptions, "build">) => {
              const { graph, tensors } = make();
              const dy = graph.input("dy", tensors[first].shape);
              const found = gradients(
                tensors[first],
                wanted.map((name) => tensors[name]),
                dy,
              );
              const values = wanted.map((name) => found.get(tensors[name]) as Value);
              values.forEach((value, i) => expect(value?.shape, wanted[i]).toEqual(given.shapes[wanted[i]]));
              return runGraph(graph, feedsOf({ ...data, dy: weights }, { ...tensors, dy }), values, { build, ...options });
            };
            const found = await run({});
            wanted.forEach((name, i) => {
              const loss = (moved: Record<string, Tensor64>) =>
                byName(test.reference(moved, attributes), op)[first].data.reduce((sum, y, j) => sum + y * weights[j], 0);
              expectGradient(`${op.name} gradient of ${name}`, found[i], tensors64(given.shapes, data), name, loss);
            });
            await expectSameBits(found, run, true);
          });
        }
      }
    }

    for (const build of test.elementwise ? builds : []) {
      for (const partial of test.attributes ?? [{}]) {
        it(`${build}: NaN, infinity and extremes ${describeAttributes(partial)}`, async () => {
          await expectExtremes(op, test, { ...op.attributes, ...partial } as A, build);
        });
      }
    }
    // Shown as skipped where the runtime has no relaxed SIMD.
    it.runIf(builds.includes("relaxed"))("relaxed SIMD runs here", () => expect(builds).toEqual(["simd", "relaxed"]));
  });
}

function describeAttributes(attributes: object = {}): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? formatShape(value) : value}`)
    .join(" ");
}

function tensors64(shapes: Record<string, Shape>, data: Record<string, Data>): Record<string, Tensor64> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape, data: Float64Array.from(data[name]) }]));
}

function feedsOf(data: Record<string, Data>, tensors: Record<string, Value>): Map<Value, Data> {
  return new Map(Object.entries(data).map(([name, values]) => [tensors[name], values]));
}

function byName(reference: Expected | Record<string, Expected>, op: { readonly outputs?: readonly string[] }): Record<string, Expected> {
  return reference.data instanceof Float64Array ? { [op.outputs?.[0] ?? "y"]: reference as Expected } : (reference as Record<string, Expected>);
}

/** Seeded float32 values at least 0.05 from whole numbers. */
export function randomValues(random: Random, size: number, [low, high]: readonly [number, number] = [-2, 2]): Float32Array {
  return Float32Array.from({ length: size }, () => {
    const value = random.uniform(low, high);
    const whole = Math.round(value);
    return Math.abs(value - whole) >= 0.05 ? value : whole + (value < whole ? -1 : 1) * (0.05 + Math.abs(value - whole));
  });
}

/** Distance between float32 neighbours at `value`; below the smallest normal number results may be flushed to 0. */
function ulpOf(value: number): number {
  return 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -103) - 23);
}

function expectClose(what: string, found: Data, { data, magnitude, terms, winograd }: Expected): void {
  const largest = winograd && magnitude ? WINOGRAD_ERROR[winograd] * magnitude.reduce((most, value) => Math.max(most, value), 0) : undefined;
  expect(found.length, `${what}: elements`).toBe(data.length);
  for (let i = 0; i < data.length; i++) {
    const bound = magnitude ? 4 * EPS32 * Math.sqrt(terms ?? 1) * (largest ?? magnitude[i]) + ulpOf(data[i]) : 4 * ulpOf(data[i]);
    const rounded = Math.fround(data[i]);
    const close = Object.is(rounded, found[i]) || Math.abs(found[i] - data[i]) <= bound;
    if (!close && !(Number.isNaN(rounded) && Number.isNaN(found[i])) && rounded !== found[i]) {
      expect.fail(`${what}[${i}]: expected ${data[i]}, got ${found[i]} (error ${Math.abs(found[i] - data[i])}, bound ${bound})`);
    }
  }
}

function expectGradient(what: string, found: Data, tensors: Record<string, Tensor64>, name: string, loss: (tensors: Record<string, Tensor64>) => number): void {
  const eps = 1e-6;
  const size = found.length;
  const picks = new Random(0, size).shuffle(Array.from({ length: size }, (_, i) => i)).slice(0, GRADIENT_SAMPLES);
  for (const i of picks) {
    const at = (step: number) => {
      const moved = tensors[name].data.slice();
      moved[i] += step;
      return loss({ ...tensors, [name]: { shape: tensors[name].shape, data: moved } });
    };
    const difference = (at(eps) - at(-eps)) / (2 * eps);
    if (!(Math.abs(found[i] - difference) <= 1e-3 * Math.abs(difference) + 1e-5)) expect.fail(`${what}[${i}]: differences give ${difference}, got ${found[i]}`);
  }
}

/** `run` gives the same bits as `found` when kernels are split in 2 or 3 shares, in either order, and in place. */
export async function expectSameBits(found: Data[], run: (options: Omit<RunOptions, "build">) => Promise<Data[]>, inPlace: boolean): Promise<void> {
  const bits = (data: Data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for (const options of [{ threads: 2 }, { threads: 3, backwards: true }, { threads: 2, backwards: true, inPlace }]) {
    (await run(options)).forEach((data, i) => expect(Buffer.compare(bits(data), bits(found[i])), `same bits with ${JSON.stringify(options)}`).toBe(0));
  }
}

/** Every pair of extreme numbers for two inputs, each of them for one. */
async function expectExtremes<A extends Attributes>(op: Op<A>, test: OpTest<A>, attributes: A, build: Build): Promise<void> {
  const names = op.inputs;
  const count = EXTREMES.length ** names.length;
  const data = Object.fromEntries(
    names.map((name, i) => [name, Float32Array.from({ length: count }, (_, j) => EXTREMES[Math.floor(j / EXTREMES.length ** i) % EXTREMES.length])]),
  );
  const shapes = Object.fromEntries(names.map((name) => [name, [count]]));
  const graph = new Graph();
  const inputs = Object.fromEntries(names.map((name) => [name, graph.input(name, [count])]));
  const y = op(inputs, attributes);
  const [found] = await runGraph(graph, feedsOf(data, inputs), [y], { build });
  expectClose(`${op.name} of extremes`, found, byName(test.reference(tensors64(shapes, data), attributes), op)[op.outputs?.[0] ?? "y"]);
}
