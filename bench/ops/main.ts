/**
 * Which share of the register peak, or of the memory's bandwidth, does each kernel reach on the layers of real networks?
 *
 * npm run bench:ops -- [--only products,depthwise,convolutions,sweeps] [--kernel conv2d,sgd] [--build simd] [--json FILE]
 *
 * One thread, as the plan calls them. A kernel is bound by its multiply-adds at the register peak or by one sweep over what it
 * must read and write, whichever takes longer; both are timed beside it, and the lines far below 100 % of their bound are where to
 * work next. Winograd's algorithm is counted as the direct sum and so passes the peak; an op that works in place may pass the sweep.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Build, fastestBuild } from "../../src/runtime/instance.js";
import { registerPeak } from "../register-peak.js";
import { convolutions } from "./convolutions.js";
import { measureDepthwise } from "./depthwise.js";
import { type Case, measure, type Speed } from "./measure.js";
import { measureProducts } from "./products.js";
import { sweeps } from "./sweeps.js";
import { requireFresh } from "../../scripts/steps.js";

requireFresh("kernels");

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { only: text, kernel: text, build: text, json: text } });
const kernels = values.kernel?.split(",");

async function* cases(list: readonly Case[], build: Build): AsyncGenerator<Speed> {
  const peak = await registerPeak(build);
  for (const one of list) if (!kernels || kernels.includes(one.kernel)) yield measure(one, build, peak);
}

async function* products(build: Build): AsyncGenerator<Speed> {
  for await (const { work, shape, speed, share } of measureProducts({ build })) {
    const [rows, columns, depth] = shape;
    yield { kernel: `product, ${work}`, layer: shape.join(" x "), ms: (2 * rows * columns * depth) / speed / 1e6, of_peak: share };
  }
}

async function* depthwise(build: Build): AsyncGenerator<Speed> {
  for await (const { work, batch, layer, ms, ofPeak, ofBound, bound } of measureDepthwise({ build })) {
    const [side, channels, kernel, stride] = layer;
    const shape = `${batch} x ${side} x ${side} x ${channels}, ${kernel}x${kernel}${stride > 1 ? ` / ${stride}` : ""}`;
    yield { kernel: `depthwise, ${work}`, layer: shape, ms, of_peak: ofPeak, ...(bound === "bandwidth" && { of_bandwidth: ofBound }) };
  }
}

const groups: Record<string, (build: Build) => AsyncGenerator<Speed>> = {
  products,
  depthwise,
  convolutions: (build) => cases(convolutions, build),
  sweeps: (build) => cases(sweeps, build),
};

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const rows: (Speed & { readonly group: string; readonly build: Build; readonly of_bound: number })[] = [];
for (const build of (values.build ?? (await fastestBuild())).split(",") as Build[]) {
  console.log(`| ${build} | layer | ms | of peak | of bandwidth | of bound |\n|---|---|---|---|---|---|`);
  for (const group of values.only?.split(",") ?? Object.keys(groups)) {
    if (!(group in groups)) throw new Error(`--only: expected some of ${Object.keys(groups).join(", ")}, got ${group}`);
    for await (const speed of groups[group](build)) {
      const { kernel, layer, ms, of_peak, of_bandwidth = 0 } = speed;
      const of_bound = Math.max(of_peak, of_bandwidth);
      rows.push({ group, build, ...speed, of_bound });
      console.log(`| ${kernel} | ${layer} | ${ms.toFixed(3)} | ${percent(of_peak)} | ${of_bandwidth ? percent(of_bandwidth) : ""} | ${percent(of_bound)} |`);
    }
  }
  console.log("");
}

// What is furthest from its bound comes first.
const means = new Map<string, number[]>();
for (const { build, kernel, of_bound } of rows) means.set(`${build}, ${kernel}`, [...(means.get(`${build}, ${kernel}`) ?? []), of_bound]);
const mean = (shares: readonly number[]) => Math.exp(shares.reduce((sum, share) => sum + Math.log(share), 0) / shares.length);
console.log("| kernel | of bound, geometric mean | worst |\n|---|---|---|");
for (const [kernel, shares] of [...means].sort(([, a], [, b]) => mean(a) - mean(b)))
  console.log(`| ${kernel} | ${percent(mean(shares))} | ${percent(Math.min(...shares))} |`);
if (values.json) writeFileSync(values.json, JSON.stringify(rows, null, 1));
