import { atOnce } from "../src/core/slices.js";
import { bytesPerElement } from "../src/core/dtype.js";
import { Random } from "../src/core/random.js";
import { sizeOf } from "../src/core/shape.js";
import type { Graph, Value } from "../src/graph/graph.js";
import { initialValues } from "../src/model/initialize.js";
import { padded } from "../src/plan/arena.js";
import { compile, type Operand, type Plan } from "../src/plan/compile.js";
import { compileBinary } from "../src/runtime/binaries.js";
import { bindKernels, type Build, importingSharedMemory } from "../src/runtime/instance.js";
import { createMemory } from "../src/runtime/memory.js";
import { type Code, link, runShare, type Share, shareOf } from "../src/runtime/program.js";

/** A program on a memory of its own, without a session: its calls can be timed one by one. Its derived data are filled. */
export interface Bound {
  readonly plan: Plan;
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly code: Code;
  /** All of it on one thread. */
  readonly share: Share;
  /** Fills the inputs again: a run may have written over them. */
  feed(): void;
}

interface Options {
  readonly build: Build;
  readonly threads?: number;
  /** Kernels of another binary of the same build. */
  readonly module?: WebAssembly.Module;
  /** Whether a floating-point input is random numbers from -1 to 1, as kept values without an initializer are; else zeros. Default all. */
  readonly random?: (name: string) => boolean;
}

export async function bind(graph: Graph, { build, threads = 1, module, random: isRandom = () => true }: Options): Promise<Bound> {
  const shared = threads > 1;
  const plan = compile(graph, { build, threads });
  let end = 65536;
  const take = (bytes: number) => {
    const at = end;
    end += Math.max(64, padded(bytes));
    return at;
  };
  const kept = new Map(plan.kept.map((value) => [value.name, take(sizeOf(value.shape) * bytesPerElement[value.dtype])]));
  const derived = new Map([...plan.derived].map(([key, bytes]) => [key, take(bytes)]));
  const arena = take(plan.arenaBytes);
  const memory = createMemory(end + 64, { shared, maximumBytes: end + 65536 });
  const address = (at: Exclude<Operand, number>) =>
    at.offset + (at.region === "arena" ? arena : ((at.region === "kept" ? kept : derived).get(at.key) as number));

  const numbers = new Map<string, Float32Array>();
  const randomNumbers = ({ name, shape }: Value) => {
    const random = new Random(1);
    const known = numbers.get(name) ?? Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-1, 1));
    numbers.set(name, known);
    return known;
  };
  const floats = (value: Value, at: number) => new Float32Array(memory.buffer, at, sizeOf(value.shape));
  for (const value of plan.kept) floats(value, kept.get(value.name) as number).set(value.initializer ? atOnce(initialValues(value, 0)) : randomNumbers(value));
  const feed = () => {
    for (const { value, at } of plan.inputs.values()) {
      if (typeof at !== "object" || value.dtype !== "float32") continue;
      if (isRandom(value.name)) floats(value, address(at)).set(randomNumbers(value));
      else floats(value, address(at)).fill(0);
    }
  };
  feed();

  const used = module ?? (await compileBinary(build, shared ? importingSharedMemory : undefined));
  const kernels = bindKernels(used, memory);
  runShare(shareOf(atOnce(link(plan.prepare, address)), kernels, 0, 1));
  const code = atOnce(link(plan.calls, address));
  return { plan, memory, module: used, code, share: shareOf(code, kernels, 0, 1), feed };
}
