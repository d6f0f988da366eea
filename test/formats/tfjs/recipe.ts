import { sizeOf, type Shape } from "../../../src/core/shape.js";
import { uniform } from "../../zoo/recipe.js";

/** A plausible weight by its name in Keras: norms near the identity, kernels [..., in, out] within He's bound. */
export function weight(name: string, seed: number, shape: Shape): Float32Array {
  const u = uniform(seed, sizeOf(shape));
  const isScale = /(variance|gamma|scale)$/.test(name);
  const [middle, bound] = isScale ? [1, 1 / 4] : shape.length < 2 ? [0, 1 / 4] : [0, Math.sqrt(6 / sizeOf(shape.slice(0, -1)))];
  return Float32Array.from(u, (value) => middle + value * bound);
}

/** An input of a network: seed 1000 and up, so that it is no weight's. */
export const inputNumbers = (index: number, shape: Shape): Float32Array => new Float32Array(uniform(1000 + index, sizeOf(shape)));

/** What a fixture keeps of a float32 tensor. */
export interface StoredOutput {
  readonly shape: number[];
  /** Base64 of float32, little-endian. */
  readonly data: string;
}

export const encode = (data: ArrayLike<number>): string => Buffer.from(new Uint8Array(Float32Array.from(data).buffer)).toString("base64");

export const decode = ({ data }: StoredOutput): Float32Array => new Float32Array(new Uint8Array(Buffer.from(data, "base64")).buffer);

/** One network with what TF.js gives for `inputNumbers`. */
export interface TfjsCase {
  readonly name: string;
  readonly topology: object;
  /** Weights whose numbers come from `weight`, by their name and seeds from 1 in this order unless they say others, or that are listed. */
  readonly weights: { name: string; shape: number[]; dtype: string; path?: string; seed?: number; factor?: number; values?: number[] }[];
  readonly signature?: object;
  readonly inputs: number[][];
  readonly outputs: StoredOutput[];
}

/** The weights of a case as TF.js keeps them. */
export function weightsOf({ weights }: Pick<TfjsCase, "weights">): {
  specs: { name: string; shape: number[]; dtype: string }[];
  data: Uint8Array<ArrayBuffer>;
} {
  const parts = weights.map(({ name, shape, dtype, path = name, seed, factor = 1, values }, i) => {
    const numbers = values ?? weight(path, seed ?? i + 1, shape).map((value) => value * Math.fround(factor));
    return new Uint8Array(
      dtype === "int32" ? Int32Array.from(numbers).buffer : dtype === "bool" ? Uint8Array.from(numbers).buffer : Float32Array.from(numbers).buffer,
    );
  });
  const data = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => {
    data.set(part, at);
    return at + part.length;
  }, 0);
  return { specs: weights.map(({ name, shape, dtype }) => ({ name, shape, dtype })), data };
}
