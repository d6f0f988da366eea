import { brief } from "../core/brief.js";
import { ArgumentError } from "../core/errors.js";
import { Random } from "../core/random.js";
import { sizeOf } from "../core/shape.js";
import type { Slices } from "../core/slices.js";
import type { Value } from "../graph/graph.js";

/** First values of a kept tensor, in memory layout. They depend on its name and the seed only, not on what else there is. */
export function* initialValues({ name, shape, initializer }: Value, seed: number): Slices<Float32Array> {
  if (initializer?.kind === "values") return initializer.values;
  const data = new Float32Array(sizeOf(shape));
  if (!initializer || initializer.kind === "constant") return data.fill(initializer?.value ?? 0);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new ArgumentError(`seed: expected a whole number of 0 or more, got ${brief(seed)}`);
  const random = new Random(seed, ...utf8Words(name));
  for (let i = 0; i < data.length; i++) {
    if (i % drawsAtOnce === 0) yield;
    data[i] = initializer.kind === "uniform" ? random.uniform(-initializer.bound, initializer.bound) : random.normal(0, initializer.std);
  }
  return data;
}

/** Numbers that take about a millisecond. */
const drawsAtOnce = 4096;

/** A name as whole numbers of four bytes each, to key a random stream. */
function utf8Words(name: string): number[] {
  const bytes = new TextEncoder().encode(name);
  const words = [bytes.length];
  for (let i = 0; i < bytes.length; i += 4)
    words.push((bytes[i] | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24)) >>> 0);
  return words;
}
