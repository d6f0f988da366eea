import { sizeOf, type Shape } from "../../src/core/shape.js";

/** Number `index` of `seed`, in -1..1 (24 bits): the other half of scripts/fixtures/recipe.py, equal bit for bit. */
function uniformAt(seed: number, index: number): number {
  let x = (index + (seed << 24)) >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  x ^= x >>> 16;
  return (x >>> 8) / 2 ** 23 - 1;
}

/** The first `count` numbers of `seed`. */
export function uniform(seed: number, count: number): Float64Array {
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) out[i] = uniformAt(seed, i);
  return out;
}

/** A plausible tensor by its checkpoint name: He's bound for weights, norms near the identity, learned tokens and positions up to 1. */
export function tensor(name: string, seed: number, shape: Shape): Float32Array {
  const isNorm = name.endsWith("running_var") || (name.endsWith("weight") && shape.length === 1);
  const isToken = /(token|pos_embed|pos_embedding)$/.test(name);
  const [middle, bound] = isNorm ? [1, 1 / 4] : shape.length === 1 ? [0, 1 / 8] : [0, isToken ? 1 : Math.sqrt(6 / sizeOf(shape.slice(1)))];
  const out = new Float32Array(sizeOf(shape));
  for (let i = 0; i < out.length; i++) out[i] = middle + uniformAt(seed, i) * bound;
  return out;
}

/** The numbers of a state_dict: tensors in the order of their names, seeds from 1. */
export function stateDict(shapes: ReadonlyMap<string, Shape>): Map<string, Float32Array> {
  return new Map([...shapes.keys()].sort().map((name, i) => [name, tensor(name, i + 1, shapes.get(name) as Shape)]));
}

/** The recipe's numbers, the weights of norms times `gain` rounded as PyTorch does. */
export function withGain(tensors: Map<string, Float32Array>, gain: number): Map<string, Float32Array> {
  const isNorm = (name: string) => name.endsWith("weight") && tensors.has(name.replace(/weight$/, "running_mean"));
  return new Map([...tensors].map(([name, values]) => [name, isNorm(name) ? values.map((value) => value * gain) : values]));
}

/** `[N, C, H, W]` data as `[N, H, W, C]`. */
export function toNhwc(data: ArrayLike<number>, [count, channels, height, width]: Shape): Float32Array {
  const out = new Float32Array(data.length);
  const area = height * width;
  for (let n = 0; n < count; n++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < area; p++) out[(n * area + p) * channels + c] = data[(n * channels + c) * area + p];
    }
  }
  return out;
}

/** A float as Python's `float.hex` writes it: `-0x1.8p+1` is -3. */
export function parseHexFloat(text: string): number {
  const [, sign, whole, fraction = "", exponent] = /^(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+)$/.exec(text) as RegExpExecArray;
  const magnitude = (Number(`0x${whole}${fraction}`) / 16 ** fraction.length) * 2 ** Number(exponent);
  return sign ? -magnitude : magnitude;
}

/** Largest |a - b| as a share of the largest |b|. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < b.length; i++) {
    difference = Number.isNaN(a[i]) ? Number.NaN : Math.max(difference, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return difference / scale;
}
