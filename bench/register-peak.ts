import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import type { Build } from "../src/core/build.js";
import { joinVectors } from "../src/runtime/turbo.js";

/** Independent sums: enough to hide the latency of a multiply-add, few enough for 16 registers. `turbo` has pairs of them. */
const sumsOf = (build: Build) => (build === "turbo" ? 24 : 12);

/** A loop of multiply-adds on registers alone; what it stores makes neighbours of pairs, as the revectoriser wants. */
function source(build: Build): string {
  const madd = (sum: string) => (build === "simd" ? `${sum} = f32x4.add(${sum}, f32x4.mul(a, b));` : `${sum} = f32x4.relaxed_madd(a, b, ${sum});`);
  const names = Array.from({ length: sumsOf(build) }, (_, i) => `s${i}`);
  return `export function peak(turns: i32, x: f32): void {
  const a = f32x4.splat(x), b = f32x4.splat(x);
  ${names.map((name) => `let ${name} = f32x4.splat(0);`).join("\n  ")}
  for (let i = 0; i < turns; i++) {
    ${names.map(madd).join("\n    ")}
  }
  ${names.map((name, i) => `v128.store(1024, ${name}, ${16 * i});`).join("\n  ")}
}
`;
}

/**
 * A loop that takes about 20 ms when run, for interleaving with what is measured: gives GFLOP/s of one thread. For `turbo`
 * this also makes V8 join vectors in all that is compiled later.
 */
export async function registerPeak(build: Build): Promise<() => number> {
  const missing = build === "turbo" ? await joinVectors() : undefined;
  if (missing !== undefined) throw new Error(`build "turbo" is not available: ${missing}`);
  mkdirSync("build", { recursive: true });
  const file = `build/peak-${build}`;
  writeFileSync(`${file}.ts`, source(build));
  const asc = createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
  execFileSync(process.execPath, [
    asc,
    `${file}.ts`,
    "-o",
    `${file}.wasm`,
    "--config",
    "none",
    "-O3",
    "--noAssert",
    "--runtime",
    "stub",
    "--enable",
    build === "simd" ? "simd" : "simd,relaxed-simd",
    "--initialMemory",
    "1",
  ]);
  const { instance } = await WebAssembly.instantiate(await readFile(`${file}.wasm`));
  const peak = instance.exports.peak as (turns: number, x: number) => number;
  const turns = 1_000_000;
  for (let i = 0; i < 3; i++) peak(turns, 1e-3);
  return () => {
    const start = performance.now();
    peak(turns, 1e-3);
    return (turns * sumsOf(build) * 4 * 2) / (performance.now() - start) / 1e6;
  };
}
