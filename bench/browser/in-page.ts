/** What runs in the page: the same sides as in Node, driven from there by `globalThis.bench`. */
import type { Build } from "../../src/core/build.js";
import { type Job, type Side, weightsOf } from "../job.js";
import { ours } from "../ours.js";
import { peakLoop } from "../peak-loop.js";
import { type Litert, litertSide } from "../peers/litert-side.js";

const bytesOf = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());
const sides: Side[] = [];
let peak: () => number;

async function litert(job: Job, version: string): Promise<Side> {
  const url = new URL("/litert.js", location.origin).href;
  return litertSide((await import(url)) as Litert, { scripts: "/litert-wasm/", version, file: await bytesOf(`/models/${job.model}.tflite`) }, job);
}

const bench = {
  /** Makes an engine ready; its number is the order of these calls. */
  async open(engine: "ours" | "litert", job: Job, { seeded, version }: { seeded: boolean; version: string }) {
    const side = engine === "ours" ? await ours(job, seeded ? undefined : new URL(`/models/${weightsOf(job)}`, location.origin)) : await litert(job, version);
    sides.push(side);
    return { engine: side.engine, build: side.build, threads: side.threads };
  },
  outputs: async (side: number) => (await sides[side].outputs()).map((values) => [...values]),
  run: (side: number, count: number) => sides[side].run(count),
  async peak(build: Build) {
    peak ??= await peakLoop(await bytesOf(`/peak-${build}.wasm`), build);
    return peak();
  },
};
export type Bench = typeof bench;

Object.assign(globalThis, { bench });
