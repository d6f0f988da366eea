import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import type { Build } from "../src/core/build.js";
import { joinVectors } from "../src/runtime/turbo.js";
import { peakLoop, sumsOf } from "./peak-loop.js";

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

/** Compiles the loop of a build to `build/`. */
export async function peakBinary(build: Build): Promise<Uint8Array<ArrayBuffer>> {
  mkdirSync("build", { recursive: true });
  const file = `build/peak-${build}.${process.pid}`;
  writeFileSync(`${file}.ts`, source(build));
  const asc = createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
  const features = build === "simd" ? "simd" : "simd,relaxed-simd";
  const options = ["--config", "none", "-O3", "--noAssert", "--runtime", "stub", "--enable", features, "--initialMemory", "1"];
  execFileSync(process.execPath, [asc, `${file}.ts`, "-o", `${file}.wasm`, ...options]);
  const binary = Uint8Array.from(readFileSync(`${file}.wasm`));
  for (const end of [".ts", ".wasm"]) rmSync(file + end);
  return binary;
}

/**
 * A loop that takes a few milliseconds at most, for interleaving with what is measured: gives GFLOP/s of one thread. For `turbo`
 * this also makes V8 join vectors in all that is compiled later.
 */
export async function registerPeak(build: Build): Promise<() => number> {
  const missing = build === "turbo" ? await joinVectors() : undefined;
  if (missing !== undefined) throw new Error(`build "turbo" is not available: ${missing}`);
  return peakLoop(await peakBinary(build), build);
}
