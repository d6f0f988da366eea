import { atOnce } from "../../src/core/slices.js";
import { bytesPerElement } from "../../src/core/dtype.js";
import { Random } from "../../src/core/random.js";
import { sizeOf } from "../../src/core/shape.js";
import type { Graph, Value } from "../../src/graph/graph.js";
import { padded } from "../../src/plan/arena.js";
import { compile, type Operand } from "../../src/plan/compile.js";
import { bindKernels, type Build } from "../../src/runtime/instance.js";
import { createMemory } from "../../src/runtime/memory.js";
import { link, runShare, type Share, shareOf } from "../../src/runtime/program.js";

/** What one thread runs for `graph`, on a memory of its own with random inputs and `module`'s kernels: prepared and ready. */
export function boundProgram(graph: Graph, build: Build, module: WebAssembly.Module): Share {
  const plan = compile(graph, { build });
  let end = 65536;
  const take = (bytes: number) => {
    const at = end;
    end += Math.max(64, padded(bytes));
    return at;
  };
  const kept = new Map(plan.kept.map((value) => [value.name, take(sizeOf(value.shape) * bytesPerElement[value.dtype])]));
  const derived = new Map([...plan.derived].map(([key, bytes]) => [key, take(bytes)]));
  const arena = take(plan.arenaBytes);
  const memory = createMemory(end + 64);
  const address = (at: Exclude<Operand, number>) =>
    at.offset + (at.region === "arena" ? arena : ((at.region === "kept" ? kept : derived).get(at.key) as number));
  const random = new Random(1);
  const fill = (value: Value, at: number) => {
    const floats = new Float32Array(memory.buffer, at, sizeOf(value.shape));
    for (let i = 0; i < floats.length; i++) floats[i] = random.uniform(-1, 1);
  };
  for (const value of plan.kept) fill(value, kept.get(value.name) as number);
  for (const { value, at } of plan.inputs.values()) if (typeof at === "object") fill(value, address(at));
  const kernels = bindKernels(module, memory);
  runShare(shareOf(atOnce(link(plan.prepare, address)), kernels, 0, 1));
  return shareOf(atOnce(link(plan.calls, address)), kernels, 0, 1);
}
