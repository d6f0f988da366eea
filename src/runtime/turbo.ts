import { atOnce } from "../core/slices.js";
import { bytesPerElement } from "../core/dtype.js";
import { hasNode } from "../core/environment.js";
import { sizeOf } from "../core/shape.js";
import { gradients } from "../autograd/index.js";
import { Graph } from "../graph/graph.js";
import { batchNorm } from "../ops/batch-norm.js";
import { conv2d } from "../ops/conv2d.js";
import { dense } from "../ops/dense.js";
import { depthwiseConv2d } from "../ops/depthwise.js";
import { globalAveragePool } from "../ops/global-average-pool.js";
import { hardSwish } from "../ops/hard-swish.js";
import { softmax } from "../ops/softmax.js";
import { sum } from "../ops/sum.js";
import { padded } from "../plan/arena.js";
import { compile, type Operand } from "../plan/compile.js";
import { firstAddress } from "./backend.js";
import { binaryBytes } from "./binaries.js";
import { link } from "./program.js";

/** Kernel calls for a process of its own to make on a memory of `bytes` bytes. */
export interface KernelTest {
  readonly binary: Uint8Array;
  readonly kernels: readonly string[];
  /** Per call the kernel's index, then its arguments. */
  readonly calls: readonly (readonly number[])[];
  readonly bytes: number;
}

let missing: Promise<string | undefined> | undefined;

/**
 * Makes V8 join pairs of 128-bit vectors from now on, in all WebAssembly that this process compiles, once a child process
 * has shown that the `turbo` kernels then give the same bits and are faster. Asked once a process.
 *
 * @returns undefined, or why `turbo` cannot be had here
 */
export function joinVectors(): Promise<string | undefined> {
  missing ??= hasNode ? import("./turbo-node.js").then(({ joinVectorsInNode }) => joinVectorsInNode(kernelTest)) : Promise.resolve("it needs Node 24 or newer");
  return missing;
}

/** A small network forward and backward, which calls most kernels that have pairs of vectors. */
async function kernelTest(): Promise<KernelTest> {
  const graph = new Graph();
  const weight = (name: string, shape: number[]) => graph.keep("parameter", name, shape);
  const x = graph.input("x", [2, 23, 23, 16]);
  const wide = conv2d({ x, weight: weight("a", [3, 3, 16, 40]), bias: weight("b", [40]) }, { stride: [2, 2], padding: [1, 1, 1, 1], low: 0, high: 6 });
  const deep = depthwiseConv2d({ x: wide, weight: weight("c", [3, 3, 1, 40]) }, { padding: [1, 1, 1, 1] });
  const normed = batchNorm({ x: deep, weight: weight("d", [40]), bias: weight("e", [40]) });
  const y = hardSwish({ x: conv2d({ x: normed, weight: weight("f", [1, 1, 40, 72]) }) });
  const scores = softmax({ x: dense({ x: globalAveragePool({ x: y }), weight: weight("g", [72, 50]), bias: weight("h", [50]) }) });
  graph.output("scores", scores);
  const loss = sum({ x: scores }, { axes: [0, 1] });
  for (const [value, gradient] of gradients(loss, [...graph.kept.values()])) graph.output(`d${value.name}`, gradient);

  const plan = compile(graph, { build: "turbo" });
  let bytes = firstAddress;
  const take = (size: number) => {
    const at = bytes;
    bytes += Math.max(64, padded(size));
    return at;
  };
  const kept = new Map(plan.kept.map((value) => [value.name, take(sizeOf(value.shape) * bytesPerElement[value.dtype])]));
  const derived = new Map([...plan.derived].map(([key, size]) => [key, take(size)]));
  const arena = take(plan.arenaBytes);
  const address = (at: Exclude<Operand, number>) =>
    at.offset + (at.region === "arena" ? arena : ((at.region === "kept" ? kept : derived).get(at.key) as number));
  const { kernels, words } = atOnce(link([...plan.prepare, ...plan.calls], address));
  const calls: number[][] = [];
  for (let at = 0; at < words.length; ) {
    const [kernel, first, units, , count] = words.subarray(at, at + 5);
    const args = Array.from({ length: count }, (_, i) => words[at + 5 + 2 * i]);
    calls.push([kernel, ...args, first, first + units]);
    at += 5 + 2 * count;
  }
  return { binary: await binaryBytes("turbo"), kernels, calls, bytes: bytes + 64 };
}
