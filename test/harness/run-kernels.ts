import { bytesPerElement } from "../../src/core/dtype.js";
import { sizeOf } from "../../src/core/shape.js";
import type { Graph, Value } from "../../src/graph/graph.js";
import type { Argument, Emitter, Scratch } from "../../src/graph/op.js";
import { loadKernels, memory, type Build } from "./kernels.js";

export type Data = Float32Array | Int32Array | Uint8Array | Int8Array;

export interface RunOptions {
  readonly build: Build;
  /** Shares that every kernel call is split into, run one after another. */
  readonly threads?: number;
  /** Runs the shares last to first, so that one that writes into another's rows shows. */
  readonly backwards?: boolean;
  /** Ops that may take over an input's memory do. */
  readonly inPlace?: boolean;
}

interface Call {
  readonly kernel: string;
  readonly args: readonly Argument[];
  readonly units: number;
}

const arrayTypes = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array, int8: Int8Array };
const LINE = 64;
/** Above every static table of the kernels. */
const ARENA = 1 << 20;
const padded = (bytes: number) => Math.ceil(bytes / LINE) * LINE;

/**
 * Runs a graph without session or plan: every tensor has its own memory, filled with NaN and followed by a line of
 * canary words that nothing may change; every kernel call is split into shares as threads would.
 * @returns the data of each `wanted` value
 */
export async function runGraph(graph: Graph, given: ReadonlyMap<Value, Data>, wanted: readonly Value[], options: RunOptions): Promise<Data[]> {
  const constants = [...graph.kept.values()].flatMap((value) => (value.initializer?.kind === "values" ? [[value, value.initializer.values] as const] : []));
  const feeds = new Map<Value, Data>([...given, ...constants]);
  const { build, threads = 1, backwards = false, inPlace = false } = options;
  const addresses = new Map<Value | Scratch, number>();
  const gaps: number[] = [];
  let top = ARENA;
  const allocate = (key: Value | Scratch, bytes: number, copies = 1) => {
    addresses.set(key, top);
    top += padded(bytes) * copies;
    gaps.push(top);
    top += LINE;
  };
  const bytesOf = (value: Value) => bytesPerElement[value.dtype] * sizeOf(value.shape);
  const lastUse = new Map<number, number>();
  for (const value of feeds.keys()) allocate(value, bytesOf(value));

  const calls: Call[] = [];
  const workspaces = new Map<Scratch, number>();
  const claim = (kind: Scratch["kind"], bytes: number): Scratch => {
    const scratch = { kind, id: addresses.size, bytes };
    allocate(scratch, bytes, kind === "workspace" ? threads : 1);
    if (kind === "workspace") workspaces.set(scratch, padded(bytes));
    return scratch;
  };
  const emitter: Emitter = {
    build,
    winograd: true,
    call: (kernel, args, units) => void calls.push({ kernel, args, units }),
    scratch: (bytes) => claim("scratch", bytes),
    workspace: (bytes) => claim("workspace", bytes),
    derived(_, __, bytes, fill) {
      const target = claim("derived", bytes);
      fill(emitter, target);
      return target;
    },
  };

  // Views share an address, so last uses are counted by the value at the root of a chain of views.
  const rootOf = (value: Value): Value => (value.node?.op.view ? rootOf(value.node.tensors[value.node.inputNames[0]]) : value);
  for (const node of graph.nodes) for (const name of node.inputNames) lastUse.set(rootOf(node.tensors[name]).id, node.id);
  const kept = new Set(wanted.map(rootOf));
  for (const node of graph.nodes) {
    const outputs = node.outputNames.map((name) => node.tensors[name]);
    if (node.op.view) {
      addresses.set(outputs[0], addresses.get(node.tensors[node.inputNames[0]]) as number);
      continue;
    }
    const reused = inPlace && node.op.inPlace ? node.tensors[node.op.inPlace] : undefined;
    const readOnce = reused && node.inputNames.filter((name) => rootOf(node.tensors[name]) === rootOf(reused)).length === 1;
    outputs.forEach((value, i) => {
      if (i === 0 && reused && readOnce && lastUse.get(rootOf(reused).id) === node.id && !kept.has(rootOf(reused)) && bytesOf(reused) === bytesOf(value)) {
        addresses.set(value, addresses.get(reused) as number);
      } else allocate(value, bytesOf(value));
    });
    node.op.lower(emitter, node.tensors, node.attributes);
  }

  if (top > memory.buffer.byteLength) memory.grow(Math.ceil((top - memory.buffer.byteLength) / 65536));
  const words = new Uint32Array(memory.buffer);
  words.fill(0xffffffff, ARENA / 4, top / 4);
  const canary = (gap: number) => 0xffc00000 + (gap >>> 6);
  for (const gap of gaps) words.fill(canary(gap), gap / 4, (gap + LINE) / 4);
  for (const [value, data] of feeds) new (data.constructor as Float32ArrayConstructor)(memory.buffer, addresses.get(value), data.length).set(data);

  const kernels = await loadKernels(build, new Set(calls.map((call) => call.kernel)));
  const resolve = (argument: Argument, thread: number): number => {
    if (typeof argument === "number") return argument;
    if ("base" in argument) return resolve(argument.base, thread) + argument.bytes;
    const address = addresses.get(argument);
    if (address === undefined) throw new Error("a kernel argument has no memory: not a feed and not computed before");
    return address + thread * (workspaces.get(argument as Scratch) ?? 0);
  };
  for (const { kernel, args, units } of calls) {
    const run = kernels[kernel];
    if (!run) throw new Error(`there is no kernel ${kernel}`);
    if (run.length !== args.length + 2) throw new Error(`${kernel} takes ${run.length} parameters, the call gives ${args.length} + begin, end`);
    for (let i = 0; i < threads; i++) {
      const thread = backwards ? threads - 1 - i : i;
      const begin = Math.floor((units * thread) / threads);
      const end = Math.floor((units * (thread + 1)) / threads);
      run(...args.map((argument) => resolve(argument, thread)), begin, end);
    }
    const broken = gaps.find((gap) => words.subarray(gap / 4, (gap + LINE) / 4).some((word) => word !== canary(gap)));
    if (broken !== undefined) {
      const owner = [...addresses].filter(([, at]) => at < broken).sort((a, b) => b[1] - a[1])[0][0];
      throw new Error(`${kernel} wrote past the end of ${"shape" in owner ? `a tensor [${owner.shape}]` : `${owner.kind} of ${owner.bytes} bytes`}`);
    }
  }
  return wanted.map((value) => {
    const at = addresses.get(value);
    if (at === undefined) throw new Error("a wanted value was not computed");
    return new arrayTypes[value.dtype](memory.buffer, at, sizeOf(value.shape)).slice();
  });
}
