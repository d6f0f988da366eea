import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** Reads `reads` bytes and writes `writes`, whole lines of 64: together as far as both go. */
const source = `export function sweep(from: usize, reads: usize, to: usize, writes: usize): v128 {
  const both = min(reads, writes);
  for (let at: usize = 0; at < both; at += 64) {
    v128.store(to + at, v128.load(from + at));
    v128.store(to + at, v128.load(from + at, 16), 16);
    v128.store(to + at, v128.load(from + at, 32), 32);
    v128.store(to + at, v128.load(from + at, 48), 48);
  }
  let a = i32x4.splat(0), b = a;
  for (let at = both; at < reads; at += 64) {
    a = v128.or(v128.or(a, v128.load(from + at)), v128.load(from + at, 16));
    b = v128.or(v128.or(b, v128.load(from + at, 32)), v128.load(from + at, 48));
  }
  for (let at = both; at < writes; at += 64) {
    v128.store(to + at, b);
    v128.store(to + at, b, 16);
    v128.store(to + at, b, 32);
    v128.store(to + at, b, 48);
  }
  return v128.or(a, b);
}

export function run(from: usize, reads: usize, to: usize, writes: usize): i32 {
  return v128.any_true(sweep(from, reads, to, writes)) ? 1 : 0;
}
`;

let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  mkdirSync("build", { recursive: true });
  writeFileSync("build/sweep.ts", source);
  const asc = createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
  const options = "--config none -O3 --noAssert --runtime stub --enable simd --importMemory".split(" ");
  execFileSync(process.execPath, [asc, "build/sweep.ts", "-o", "build/sweep.wasm", ...options]);
  return WebAssembly.compile((await readFile("build/sweep.wasm")) as BufferSource);
}

/** The least that an op on tensors of these sizes has to do: read its inputs once, write its outputs once. */
export async function memorySweep(reads: number, writes: number): Promise<() => void> {
  compiled ??= compile();
  const first = 1024;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((first + reads + writes + 192) / 65536) });
  new Uint8Array(memory.buffer).fill(1);
  const { exports } = await WebAssembly.instantiate(await compiled, { env: { memory } });
  const run = exports.run as (from: number, reads: number, to: number, writes: number) => number;
  return () => void run(first, reads, first + Math.ceil(reads / 64) * 64 + 64, writes);
}
