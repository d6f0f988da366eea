import type { Build } from "../core/build.js";
import { bytesPerElement } from "../core/dtype.js";
import { LimitError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import { sizeOf } from "../core/shape.js";
import { atOnce, type Slices } from "../core/slices.js";
import type { Graph, Node, Value } from "../graph/graph.js";
import type { Argument, Emitter, Scratch } from "../graph/op.js";
import { type ArenaUse, type Block, fullestMoment, packArena, padded, type Purpose } from "./arena.js";
import { type Access, meetings } from "./meetings.js";
import { farNormBytes, normalizeOnLoad } from "./normalize-on-load.js";
import { fusing, liveNodes } from "./passes.js";
import { rematerialize } from "./rematerialize.js";
import { farBytes, mineStrips, type PendingCall } from "./strips.js";
import { writeEarly } from "./write-early.js";

/** A kernel argument before addresses are known: a number, or a place in a region plus `stride` bytes per thread. */
export type Operand =
  | number
  | { readonly region: "arena"; readonly offset: number; readonly stride: number }
  | { readonly region: "kept" | "derived"; readonly key: string; readonly offset: number };

export interface Call {
  readonly kernel: string;
  readonly args: readonly Operand[];
  /** Units `first` to `first + units` are shared by the threads. */
  readonly first: number;
  readonly units: number;
  /** Whether threads meet before it: what calls before it did must be done. */
  readonly meet: boolean;
  /** The node that emitted it, for profiles: index into `Plan.nodes`. */
  readonly node: number;
}

/** Everything that a program needs, with all sizes known and nothing allocated. */
export interface Plan {
  /** Fills derived data (packed and folded weights); runs again only after kept tensors changed. */
  readonly prepare: readonly Call[];
  readonly calls: readonly Call[];
  readonly arenaBytes: number;
  readonly arena: ArenaUse;
  /** Bytes of each piece of derived data; plans of one model share those of equal key. */
  readonly derived: ReadonlyMap<string, number>;
  readonly kept: readonly Value[];
  /** Names of the kept tensors that a run changes, and of those that `prepare` reads. */
  readonly changes: readonly string[];
  readonly sources: readonly string[];
  readonly inputs: ReadonlyMap<string, { readonly value: Value; readonly at: Operand }>;
  readonly outputs: ReadonlyMap<string, { readonly value: Value; readonly at: Operand }>;
  readonly nodes: readonly { readonly op: string; readonly scope: string; readonly flops: number }[];
}

/** Where a value lives. Views and in-place results share the storage of what they come from. */
interface Storage extends Block {
  readonly purpose?: Purpose;
  readonly kept?: string;
  /** Key of data that `prepare` makes. It is kept for the program, or lies in the arena while `prepare` runs where nothing else reads it. */
  readonly derived?: string;
}

export interface CompileOptions {
  readonly build?: Build;
  readonly threads?: number;
  /** Makes cheap values again for the backward part instead of keeping them; default true. The bits are the same. */
  readonly recompute?: boolean;
  /** Changes the fused graph for less memory and the same bits: `checkpointGradients`, which only pages that train shall load. Default: leaves it. */
  readonly rewrite?: (graph: Graph) => Slices<Graph>;
  /** Lets convolutions use Winograd's algorithm where it is faster and the build allows it; default true. */
  readonly winograd?: boolean;
  /** Bytes of a batch norm's result from which on depthwise convolutions, its only readers, normalise what they load; default 8 MiB. The bits are the same. */
  readonly loadsFrom?: number;
  /** Bytes of tensors that calls walk through together, from which on they take turns, strip by strip; default 32 MiB. The bits are the same. */
  readonly stripsFrom?: number;
}

/** Lowers a graph to a flat list of kernel calls and lays its tensors out in one arena. */
export function compile(graph: Graph, options?: CompileOptions): Plan {
  return atOnce(compiling(graph, options));
}

/** `compile` for a thread that has more to do: of a training step on a large network it takes half a second. */
export function* compiling(
  source: Graph,
  { build = "simd", threads = 1, recompute = true, rewrite, winograd = true, stripsFrom = farBytes, loadsFrom = farNormBytes }: CompileOptions = {},
): Slices<Plan> {
  const fused = yield* fusing(source);
  const rewritten = rewrite ? yield* rewrite(fused) : fused;
  const rematerialized = recompute ? yield* rematerialize(rewritten) : rewritten;
  const graph = yield* normalizeOnLoad(rematerialized, loadsFrom);
  const nodes = writeEarly(liveNodes(graph));
  const changed = new Set(nodes.flatMap((node) => (node.op.mutates ?? []).flatMap((name) => node.tensors[name] ?? [])));
  const keys = staticKeys(graph, nodes, changed, build);
  const lastUse = lastUses(graph, nodes);
  const storage = new Map<Value, Storage>();
  const blocks: (Storage & { readonly purpose: Purpose })[] = [];
  const slopes = gradientsIn(graph, nodes);
  const bytesOf = (value: Value) => sizeOf(value.shape) * bytesPerElement[value.dtype];
  const block = (purpose: Purpose, bytes: number, first: number, last: number): Storage => {
    const made = { purpose, bytes, first, last, offset: 0 };
    blocks.push(made);
    return made;
  };

  const prepare: PendingCall[] = [];
  const pending: PendingCall[] = [];
  const scratches = new Map<Scratch, Storage>();
  const knownDerived = new Map<string, Scratch>();
  for (const [index, node] of nodes.entries()) {
    yield;
    const target = keys.has(node.tensors[node.outputNames[0]]) ? prepare : pending;
    if (!node.op.view) node.op.lower(emitter(target, index), node.tensors, node.attributes);
  }

  const spoken = new Set(graph.outputs.values());
  const root = (at: Value | Scratch): Value | Scratch => ("graph" in at && at.node?.op.view ? root(at.node.tensors[at.node.inputNames[0]]) : at);
  const viewed = new Set([...spoken].map(root));
  const tensors = {
    root,
    constant: (at: Value | Scratch) => ("graph" in at ? keys.has(at) : scratches.get(at)?.derived !== undefined),
    internal: (at: Value | Scratch) => "graph" in at && at.kind === "node" && !viewed.has(at),
    bytes: (at: Value | Scratch) => ("graph" in at ? bytesOf(at) : at.bytes),
    window: (bytes: number) => scratch("scratch", bytes, block("workspace", bytes, 0, 0)),
  };
  const { calls, windows, shared } = yield* mineStrips(pending, tensors, stripsFrom);

  for (const value of graph.kept.values()) storage.set(value, { kept: value.name, bytes: bytesOf(value), first: 0, last: 0, offset: 0 });
  for (const value of graph.inputs.values()) storage.set(value, block("activations", bytesOf(value), -1, lastUse.get(value) ?? -1));
  for (const [index, node] of nodes.entries()) {
    yield;
    for (const [i, name] of node.outputNames.entries()) {
      const value = node.tensors[name];
      if (windows.has(root(value))) continue;
      const last = lastUse.get(value) ?? index;
      const key = keys.get(value);
      const taken = sharedStorage(node, i, index);
      if (taken) {
        taken.last = Math.max(taken.last, last);
        storage.set(value, taken);
      } else if (key !== undefined) storage.set(value, { derived: key, bytes: bytesOf(value), first: 0, last: 0, offset: 0 });
      else storage.set(value, block(slopes.has(value) ? "gradients" : "activations", bytesOf(value), index, last));
    }
  }

  /** The storage that an output takes over, if its op is a view or may work in place. */
  function sharedStorage(node: Node, output: number, index: number): Storage | undefined {
    if (output !== 0) return undefined;
    const name = node.op.view ? node.inputNames[0] : node.op.inPlace;
    const input = name ? node.tensors[name] : undefined;
    const from = input && storage.get(input);
    if (!input || !from) return undefined;
    if (node.op.view) return from;
    if (shared.has(root(input))) return undefined;
    const alone = node.inputNames.every((other) => node.tensors[other] === input || storage.get(node.tensors[other]) !== from);
    const free = alone && !from.kept && !from.derived && from.last === index && bytesOf(node.tensors[node.outputNames[0]]) === from.bytes;
    return free && keys.get(node.tensors[node.outputNames[0]]) === undefined ? from : undefined;
  }

  function scratch(kind: Scratch["kind"], bytes: number, at: Storage): Scratch {
    const made: Scratch = { kind, id: scratches.size, bytes };
    scratches.set(made, at);
    return made;
  }

  function emitter(target: PendingCall[], node: number): Emitter {
    const take = (kind: Scratch["kind"], bytes: number) => {
      const size = kind === "workspace" ? padded(bytes) * threads : bytes;
      return scratch(kind, bytes, target === prepare ? { bytes: size, first: 0, last: 0, offset: 0 } : block("workspace", size, node, node));
    };
    return {
      build,
      winograd,
      call: (kernel, args, units, walk) => units > 0 && target.push({ kernel, args, units, node, walk }),
      scratch: (bytes) => take("scratch", bytes),
      workspace: (bytes) => take("workspace", bytes),
      derived(source, name, bytes, fill) {
        const sourceKey = keys.get(source);
        if (sourceKey === undefined) {
          const made = take("derived", bytes);
          fill(this, made);
          return made;
        }
        const key = `${sourceKey}|${build}|${name}`;
        const known = knownDerived.get(key);
        if (known) return known;
        const made = scratch("derived", bytes, { derived: key, bytes, first: 0, last: 0, offset: 0 });
        knownDerived.set(key, made);
        fill(emitter(prepare, node), made);
        return made;
      },
    };
  }

  // What may work in place is settled by nodes; memory is given by calls, which strips reorder.
  for (const block of blocks) [block.first, block.last] = [calls.length, -1];
  for (const call of calls) {
    yield;
    for (const found of storagesIn([call], storageOf)) {
      found.first = Math.min(found.first, call.time as number);
      found.last = Math.max(found.last, call.time as number);
    }
  }
  for (const value of graph.inputs.values()) storageOf(value).first = -1;
  for (const value of graph.outputs.values()) storageOf(value).last = calls.length;

  const { derived, blocks: preparing } = preparedData(prepare, calls, storageOf);
  const runBytes = yield* packArena(blocks);
  const fullest = yield* fullestMoment(blocks, runBytes);
  const arenaBytes = Math.max(runBytes, yield* packArena(preparing));
  if (arenaBytes > limits.memoryBytes)
    throw new LimitError(
      `plan: the network needs ${arenaBytes} bytes of working memory, more than limits.memoryBytes ${limits.memoryBytes}; use a smaller batch or image`,
    );

  function storageOf(at: Value | Scratch): Storage {
    return ("graph" in at ? storage.get(at) : scratches.get(at)) as Storage;
  }
  const place = (at: Value | Scratch): Operand => {
    const found = storageOf(at);
    if (found.kept !== undefined) return { region: "kept", key: found.kept, offset: 0 };
    if (found.derived !== undefined && derived.has(found.derived)) return { region: "derived", key: found.derived, offset: 0 };
    return { region: "arena", offset: found.offset, stride: !("graph" in at) && at.kind === "workspace" ? padded(at.bytes) : 0 };
  };
  const operand = (argument: Argument): Operand => {
    if (typeof argument === "number") return argument;
    if (!("base" in argument)) return place(argument);
    const base = operand(argument.base);
    return typeof base === "number" ? base : { ...base, offset: base.offset + argument.bytes };
  };
  /** What a call may touch. A node's inputs are read, as are derived data after `prepare`; everything else that it has a pointer to is written. */
  const accesses = ({ args, node }: PendingCall, derivedIsWritten: boolean): Access[] => {
    const { op, inputNames, outputNames, tensors } = nodes[node];
    const written = new Set([...outputNames, ...(op.mutates ?? [])].map((name) => tensors[name]));
    const read = new Set<Value | Scratch>(inputNames.map((name) => tensors[name]).filter((value) => !written.has(value)));
    return args.flatMap((argument) => {
      const at = rootOf(argument);
      const found = at && place(at);
      if (!at || typeof found !== "object") return [];
      const region = found.region === "arena" ? "arena" : `${found.region} ${found.key}`;
      const stride = found.region === "arena" ? found.stride : 0;
      return {
        region,
        from: found.offset,
        to: found.offset + padded(storageOf(at).bytes),
        writes: !read.has(at) && (derivedIsWritten || found.region !== "derived"),
        stride,
      };
    });
  };
  function* resolve(list: readonly PendingCall[]): Slices<Call[]> {
    const touched = (function* () {
      for (const call of list) yield accesses(call, list === prepare);
    })();
    const meets = yield* meetings(touched);
    const resolved: Call[] = [];
    for (const [i, { kernel, args, first = 0, units, node }] of list.entries()) {
      yield;
      resolved.push({ kernel, args: args.map(operand), first, units, meet: meets[i], node });
    }
    return resolved;
  }
  const named = (values: ReadonlyMap<string, Value>) => new Map([...values].map(([name, value]) => [name, { value, at: place(value) }]));

  const resolvedPrepare = yield* resolve(prepare);
  const resolvedCalls = yield* resolve(calls);
  return {
    prepare: resolvedPrepare,
    calls: resolvedCalls,
    arenaBytes,
    arena: { ...fullest, workspace: fullest.workspace + arenaBytes - runBytes },
    derived,
    kept: [...graph.kept.values()],
    changes: [...changed].map((value) => value.name),
    sources: [...new Set(resolvedPrepare.flatMap(({ args }) => args.flatMap((at) => (typeof at === "object" && at.region === "kept" ? at.key : []))))],
    inputs: named(graph.inputs),
    outputs: named(graph.outputs),
    nodes: nodes.map((node) => ({ op: node.op.name, scope: node.scope, flops: flopsOf(node) })),
  };
}

/**
 * What of the data that `prepare` makes has to stay, because `calls` read it, with its bytes; and what only lies between two
 * calls of `prepare` (a weight that is scaled and then packed), as blocks whose lifetimes are positions in that list.
 */
function preparedData(
  prepare: readonly PendingCall[],
  calls: readonly PendingCall[],
  storageOf: (at: Value | Scratch) => Storage,
): { derived: Map<string, number>; blocks: Storage[] } {
  const derived = new Map<string, number>();
  for (const found of storagesIn(calls, storageOf)) if (found.derived !== undefined) derived.set(found.derived, found.bytes);
  const blocks = new Set<Storage>();
  prepare.forEach((call, position) => {
    for (const found of storagesIn([call], storageOf)) {
      if (found.kept !== undefined || (found.derived !== undefined && derived.has(found.derived))) continue;
      if (!blocks.has(found)) found.first = position;
      found.last = position;
      blocks.add(found);
    }
  });
  return { derived, blocks: [...blocks] };
}

/** Storage of every pointer among the arguments of some calls. */
function storagesIn(calls: readonly PendingCall[], storageOf: (at: Value | Scratch) => Storage): Storage[] {
  return calls.flatMap(({ args }) =>
    args.flatMap((argument) => {
      const at = rootOf(argument);
      return at ? storageOf(at) : [];
    }),
  );
}

/** What a pointer points into. */
function rootOf(argument: Argument): Value | Scratch | undefined {
  return typeof argument === "number" ? undefined : "base" in argument ? rootOf(argument.base) : argument;
}

/** Floating-point operations of one node, as its op counts them. */
export function flopsOf(node: Node): number {
  return node.op.flops?.(Object.fromEntries(Object.entries(node.tensors).map(([name, value]) => [name, value.shape])), node.attributes) ?? 0;
}

/** Keys of the values that depend on nothing but kept tensors which this graph leaves as they are; builds may round them differently. */
function staticKeys(graph: Graph, nodes: readonly Node[], changed: ReadonlySet<Value>, build: string): Map<Value, string> {
  const keys = new Map<Value, string>();
  for (const value of graph.kept.values()) if (!changed.has(value)) keys.set(value, value.name);
  const spoken = new Set(graph.outputs.values());
  for (const node of nodes) {
    if (node.op.mutates || node.inputNames.some((name) => !keys.has(node.tensors[name]))) continue;
    if (node.outputNames.some((name) => spoken.has(node.tensors[name]))) continue;
    const key = `${build} ${node.op.name}(${node.inputNames.map((name) => keys.get(node.tensors[name])).join(",")})${JSON.stringify(node.attributes)}`;
    for (const name of node.outputNames) keys.set(node.tensors[name], node.outputNames.length > 1 ? `${key}.${name}` : key);
  }
  return keys;
}

/** Values that are computed from outputs: those of the backward part, without what it computes again of the forward part. */
function gradientsIn(graph: Graph, nodes: readonly Node[]): ReadonlySet<Value> {
  const from = new Set(graph.outputs.values());
  for (const { inputNames, outputNames, tensors } of nodes) {
    if (inputNames.some((name) => from.has(tensors[name]))) for (const name of outputNames) from.add(tensors[name]);
  }
  return from;
}

/** Index of the last node that reads each value; outputs are read after the end. */
function lastUses(graph: Graph, nodes: readonly Node[]): Map<Value, number> {
  const last = new Map<Value, number>();
  nodes.forEach((node, index) => {
    for (const name of node.inputNames) last.set(node.tensors[name], index);
  });
  for (const value of graph.outputs.values()) last.set(value, nodes.length);
  return last;
}
