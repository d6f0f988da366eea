import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where `make-models.py` puts its files. */
export const modelFile = (name: string): string => fileURLToPath(new URL(`./models/${name}`, import.meta.url));

/** A tensor of the weights' file: float32 at a byte offset. Convolutions are [kh, kw, in, out], depthwise ones [kh, kw, C], dense layers [in, out]. */
export interface Tensor {
  readonly offset: number;
  readonly shape: readonly number[];
}

export type Clamp = "none" | "relu" | "relu6";
type Pair = readonly [number, number];
/** Top, bottom, left, right. */
export type Padding = readonly [number, number, number, number];

interface Weighted {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly activation: Clamp;
}
interface Window {
  readonly stride: Pair;
  readonly padding: Padding;
}

/** One operation of a network in NHWC; `x` and `y` are names of values. */
export type Operation = { readonly x: readonly string[]; readonly y: string } & (
  | ({ readonly op: "conv" | "depthwise" } & Weighted & Window)
  | ({ readonly op: "dense" } & Weighted)
  | ({ readonly op: "maxPool"; readonly kernel: Pair; readonly ceil: boolean } & Window)
  | { readonly op: "add"; readonly activation: Clamp }
  | { readonly op: "mul" | "concat" | "mean" | "flatten" | "relu" | "relu6" | "sigmoid" | "hardSwish" | "hardSigmoid" }
);

/** A network with batch norm folded: what `make-models.py` writes. The one input is called "x". */
export interface Network {
  readonly name: string;
  /** Height, width, channels. */
  readonly input: readonly [number, number, number];
  readonly output: string;
  readonly nodes: readonly Operation[];
  /** The numbers of a tensor. */
  read(tensor: Tensor): Float32Array;
}

export function readNetwork(name: string): Network {
  const weights = readFileSync(modelFile(`${name}.bin`));
  const read = ({ offset, shape }: Tensor) =>
    new Float32Array(weights.buffer.slice(weights.byteOffset + offset, weights.byteOffset + offset + 4 * shape.reduce((a, b) => a * b, 1)));
  return { ...JSON.parse(readFileSync(modelFile(`${name}.json`), "utf8")), read };
}

/** Windows along one axis. */
function windows(size: number, kernel: number, stride: number, padding: number, ceil = false): number {
  return (ceil ? Math.ceil : Math.floor)((size + padding - kernel) / stride) + 1;
}

/** Shapes of all values for a batch. */
export function shapesOf({ input, nodes }: Network, batch: number): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>([["x", [batch, ...input]]]);
  for (const node of nodes) {
    const [n, h, w, c] = shapes.get(node.x[0]) as number[];
    shapes.set(
      node.y,
      shapeOf(
        node,
        [n, h, w, c],
        node.x.map((name) => shapes.get(name) as readonly number[]),
      ),
    );
  }
  return shapes;
}

function shapeOf(node: Operation, [n, h, w, c]: readonly number[], inputs: readonly (readonly number[])[]): readonly number[] {
  switch (node.op) {
    case "conv":
    case "depthwise":
    case "maxPool": {
      const [kh, kw] = node.op === "maxPool" ? node.kernel : node.weight.shape;
      const ceil = node.op === "maxPool" && node.ceil;
      const [top, bottom, left, right] = node.padding;
      const channels = node.op === "conv" ? node.weight.shape[3] : c;
      return [n, windows(h, kh, node.stride[0], top + bottom, ceil), windows(w, kw, node.stride[1], left + right, ceil), channels];
    }
    case "dense":
      return [n, node.weight.shape[1]];
    case "concat":
      return [n, h, w, inputs.reduce((sum, shape) => sum + shape[3], 0)];
    case "mean":
      return [n, 1, 1, c];
    case "flatten":
      return [n, h * w * c];
    default:
      return inputs[0].map((size, axis) => Math.max(size, ...inputs.map((shape) => shape[axis])));
  }
}

/**
 * How TensorFlow says a window's padding. `valid`: none; `same`: outputs are ceil(size / stride), an odd rest goes below
 * and right; `explicit`: neither of these.
 *
 * @param from shape of the input, NHWC
 * @param to shape of the output
 */
export function paddingMode(
  { kernel, stride, padding }: { kernel: readonly number[]; stride: Pair; padding: Padding },
  from: readonly number[],
  to: readonly number[],
): "valid" | "same" | "explicit" {
  const covered = (axis: number) => (to[axis + 1] - 1) * stride[axis] + kernel[axis];
  const same = samePadding([from[1], from[2]], [kernel[0], kernel[1]], stride);
  if (padding.every((size) => size === 0)) return covered(0) <= from[1] && covered(1) <= from[2] ? "valid" : "same";
  return padding.every((size, i) => size === same[i]) ? "same" : "explicit";
}

function samePadding(size: Pair, kernel: Pair, stride: Pair): Padding {
  const along = (axis: number) => {
    const total = Math.max(0, (Math.ceil(size[axis] / stride[axis]) - 1) * stride[axis] + kernel[axis] - size[axis]);
    return [total >> 1, total - (total >> 1)];
  };
  const [[top, bottom], [left, right]] = [along(0), along(1)];
  return [top, bottom, left, right];
}
