/** Geometry of a window that slides over an image: output size, what its taps read, and the same seen from the input. */
import { formatShape, type Shape } from "../../core/shape.js";

/** How a convolution's window moves: per axis [y, x]; padding [top, bottom, left, right]. */
export interface Window {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
}

export const unitWindow: Window = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] };

/** Output [height, width] of a kernel [kh, kw] over x [N, H, W, C]. */
export function windowShape(x: Shape, kernel: readonly number[], { stride, padding, dilation }: Window, fail: (message: string) => never): [number, number] {
  if (x.length !== 4) fail("expected x [N,H,W,C]");
  const whole = (values: readonly number[], count: number, least: number) =>
    values.length === count && values.every((value) => Number.isInteger(value) && value >= least);
  if (!whole(stride, 2, 1)) fail(`stride expects two whole numbers of 1 or more, got ${formatShape(stride)}`);
  if (!whole(padding, 4, 0)) fail(`padding expects [top,bottom,left,right], got ${formatShape(padding)}`);
  if (!whole(dilation, 2, 1)) fail(`dilation expects two whole numbers of 1 or more, got ${formatShape(dilation)}`);
  const size = (axis: number): number => {
    const room = x[1 + axis] + padding[2 * axis] + padding[2 * axis + 1] - (dilation[axis] * (kernel[axis] - 1) + 1);
    if (kernel[axis] < 1 || room < 0) fail(`kernel ${formatShape(kernel)} with dilation ${formatShape(dilation)} does not fit into the padded input`);
    return Math.floor(room / stride[axis]) + 1;
  };
  return [size(0), size(1)];
}

/**
 * One axis of the input pixels phase, phase + stride, ...: those that the same taps reach. Tap `first + i * tapStep` of
 * the kernel reads output `j + origin + i * step` for lattice point j, i < taps.
 */
export interface Phase {
  readonly phase: number;
  readonly points: number;
  readonly taps: number;
  readonly first: number;
  readonly tapStep: number;
  readonly origin: number;
  readonly step: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The gradient of a convolution's input, one axis: output o and tap k meet at input o * stride - padding + k * dilation. */
export function phasesOf(size: number, kernel: number, stride: number, padding: number, dilation: number): Phase[] {
  const shared = gcd(stride, dilation);
  return Array.from({ length: Math.min(stride, size) }, (_, phase) => {
    const taps = Array.from({ length: kernel }, (_, k) => k).filter((k) => (phase + padding - k * dilation) % stride === 0);
    // The last tap reads the first output, so that taps go up through memory.
    const first = taps.length ? taps[taps.length - 1] : 0;
    const origin = (phase + padding - first * dilation) / stride;
    return { phase, points: Math.ceil((size - phase) / stride), taps: taps.length, first, tapStep: -stride / shared, origin, step: dilation / shared };
  });
}
