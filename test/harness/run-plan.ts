import { atOnce } from "../../src/core/slices.js";
import { bytesPerElement } from "../../src/core/dtype.js";
import { sizeOf } from "../../src/core/shape.js";
import type { Value } from "../../src/graph/graph.js";
import { padded } from "../../src/plan/arena.js";
import type { Operand, Plan } from "../../src/plan/compile.js";
import { link, shareOf } from "../../src/runtime/program.js";
import { loadKernels, memory, type Build } from "./kernels.js";
import type { Data } from "./run-kernels.js";

/** Above every static table of the kernels. */
const FIRST = 1 << 20;

/**
 * Runs a plan as `threads` threads would, one after another within each call; the arena is full of NaN before.
 * @returns the bits of all outputs and of all that the plan keeps, by name
 */
export async function runPlan(
  plan: Plan,
  feed: (value: Value) => Data,
  { build, threads = 1 }: { build: Build; threads?: number },
): Promise<Map<string, Uint8Array>> {
  let top = FIRST;
  const take = (bytes: number) => {
    const at = top;
    top += padded(bytes) + 64;
    return at;
  };
  const bytesOf = ({ shape, dtype }: Value) => sizeOf(shape) * bytesPerElement[dtype];
  const kept = new Map(plan.kept.map((value) => [value.name, take(bytesOf(value))]));
  const derived = new Map([...plan.derived].map(([key, bytes]) => [key, take(bytes)]));
  const arena = take(plan.arenaBytes);
  if (top > memory.buffer.byteLength) memory.grow(Math.ceil((top - memory.buffer.byteLength) / 65536));
  new Uint32Array(memory.buffer).fill(0xffffffff, FIRST / 4, top / 4);
  const address = (at: Exclude<Operand, number>) =>
    at.offset + (at.region === "arena" ? arena : ((at.region === "kept" ? kept : derived).get(at.key) as number));
  const write = (value: Value, at: number) => {
    const data = feed(value);
    new (data.constructor as Float32ArrayConstructor)(memory.buffer, at, data.length).set(data);
  };
  for (const value of plan.kept) write(value, kept.get(value.name) as number);
  const run = async (calls: Plan["calls"]) => {
    const code = atOnce(link(calls, address));
    const kernels = await loadKernels(build, new Set(code.kernels));
    const shares = Array.from({ length: threads }, (_, thread) => shareOf(code, kernels, thread, threads));
    calls.forEach((_, i) => {
      for (const share of shares) if (share[i].args) share[i].kernel.apply(undefined, share[i].args as number[]);
    });
  };
  await run(plan.prepare);
  for (const { value, at } of plan.inputs.values()) if (typeof at === "object") write(value, address(at));
  await run(plan.calls);
  const read = (at: number, bytes: number) => new Uint8Array(memory.buffer, at, bytes).slice();
  const results = new Map(plan.kept.map((value) => [value.name, read(kept.get(value.name) as number, bytesOf(value))]));
  for (const [name, { value, at }] of plan.outputs) if (typeof at === "object") results.set(`output ${name}`, read(address(at), bytesOf(value)));
  return results;
}
