/**
 * Where does the time of one program go? Per kernel and per op: milliseconds, share, GFLOP/s.
 *
 * npm run bench:profile -- <model> [--work inference|training] [--batch n] [--size px] [--build simd] [--runs n] [--nodes]
 */
import { parseArgs } from "node:util";
import { inferenceGraph } from "../src/model/graphs.js";
import { initialValues } from "../src/model/initialize.js";
import { compile } from "../src/plan/compile.js";
import { bindKernels, compileKernels, createMemory, fastestBuild, growMemory, type Build } from "../src/runtime/instance.js";
import { link, shareOf } from "../src/runtime/program.js";
import { bytesPerElement } from "../src/core/dtype.js";
import { sizeOf } from "../src/core/shape.js";
import { padded } from "../src/plan/arena.js";
import { trainingGraph } from "../src/train/step.js";
import { architecture } from "../src/zoo/registry.js";
import { registerPeak } from "./register-peak.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    work: { type: "string", default: "inference" },
    batch: { type: "string", default: "1" },
    size: { type: "string" },
    build: { type: "string" },
    runs: { type: "string", default: "10" },
    nodes: { type: "boolean", default: false },
  },
});
const built = await architecture(positionals[0] ?? "mobilenet_v2");
const batch = Number(values.batch);
const side = Number(values.size ?? built.inputSize);
const build = (values.build ?? (values.work === "training" ? "simd" : await fastestBuild())) as Build;
const settings = { optimizer: "sgd", nesterov: false, labelSmoothing: 0, maxNorm: 0, batchNorm: "train", from: "images", groupOf: () => 0 } as const;
const graph =
  values.work === "training"
    ? trainingGraph(built, built.defaultClasses, [batch, side, side, built.channels], settings)
    : inferenceGraph(built, built.defaultClasses, { batch, height: side, width: side }, "logits");
const plan = compile(graph, { build, threads: 1 });

const peak = await registerPeak(build);

// A memory of our own, laid out in the order of the plan: kept tensors, derived data, arena.
let end = 65536;
const take = (bytes: number) => {
  const at = end;
  end += Math.max(64, padded(bytes));
  return at;
};
const kept = new Map(plan.kept.map((value) => [value.name, take(sizeOf(value.shape) * bytesPerElement[value.dtype])]));
const derived = new Map([...plan.derived].map(([key, bytes]) => [key, take(bytes)]));
const arena = take(plan.arenaBytes);
const memory = createMemory(end);
growMemory(memory, end + 64);
for (const value of plan.kept) new Float32Array(memory.buffer, kept.get(value.name)).set(initialValues(value, 0));
const kernels = bindKernels(await compileKernels(build), memory);
const address = (at: { region: string; key?: string; offset: number }) =>
  at.offset + (at.region === "arena" ? arena : ((at.region === "kept" ? kept : derived).get(at.key as string) as number));
for (const { kernel, args } of shareOf(link(plan.prepare, address), kernels, 0, 1)) kernel.apply(undefined, args as number[]);
const share = shareOf(link(plan.calls, address), kernels, 0, 1);

const runs = Number(values.runs);
const peaks: number[] = [];
const times = new Float64Array(share.length);
for (let run = -3; run < runs; run++) {
  for (const { value, at } of plan.inputs.values()) {
    if (value.dtype === "float32" && typeof at === "object") {
      const input = new Float32Array(memory.buffer, address(at), sizeOf(value.shape));
      for (let i = 0; i < input.length; i++) input[i] = value.name === "x" ? ((i * 7919) % 256) / 128 - 1 : 0;
    }
  }
  peaks.push(peak());
  share.forEach(({ kernel, args }, i) => {
    const start = performance.now();
    if (args) kernel.apply(undefined, args as number[]);
    if (run >= 0) times[i] += performance.now() - start;
  });
}

interface Line {
  ms: number;
  flops: number;
  calls: number;
}
const lines = new Map<string, Line>();
const counted = new Set<number>();
plan.calls.forEach(({ kernel, node }, i) => {
  const { op, scope, flops } = plan.nodes[node];
  const key = values.nodes ? `${scope || "-"} ${op}` : `${op} ${kernel}`;
  const line = lines.get(key) ?? { ms: 0, flops: 0, calls: 0 };
  line.ms += times[i] / runs;
  line.calls++;
  const nodeKernel = plan.calls.findLast((call) => call.node === node) === plan.calls[i];
  if (nodeKernel && !counted.has(node)) {
    line.flops += flops;
    counted.add(node);
  }
  lines.set(key, line);
});
const total = [...lines.values()].reduce((sum, { ms }) => sum + ms, 0);
const flops = plan.nodes.reduce((sum, node) => sum + node.flops, 0);
const speed = peaks.sort((a, b) => a - b)[peaks.length >> 1];
console.log(
  `${built.name} ${values.work}, ${build}, batch ${batch}, ${side} px: ${total.toFixed(2)} ms, ${(flops / total / 1e6).toFixed(1)} GFLOP/s of ${speed.toFixed(1)}, arena ${(plan.arenaBytes / 1e6).toFixed(1)} MB`,
);
for (const [key, line] of [...lines].sort(([, a], [, b]) => b.ms - a.ms).slice(0, 40)) {
  console.log(
    `${line.ms.toFixed(3).padStart(9)} ms ${((line.ms / total) * 100).toFixed(1).padStart(5)} %  ${(line.flops / line.ms / 1e6).toFixed(1).padStart(6)} GFLOP/s  ${String(line.calls).padStart(4)}x  ${key}`,
  );
}
