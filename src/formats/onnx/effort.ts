/**
 * What may be computed while a graph is built. Constants are folded on the main thread, by nodes that a stranger wrote: Expand and
 * Tile make gigabytes of a few bytes, and a kernel of a million taps fits in an attribute.
 */
import { LimitError } from "../../core/errors.js";
import { type Shape, sizeOf } from "../../core/shape.js";

/** Steps that may be taken: elements made, products added. */
export class Effort {
  private left: number;

  constructor(private readonly steps: number) {
    this.left = steps;
  }

  take(steps: number): void {
    if (!(steps <= this.left)) throw new LimitError(`onnx: the graph's constants take more than ${this.steps} steps to fold`);
    this.left -= steps;
  }
}

/** What folding a graph's constants may take: shape arithmetic, masks and tables, and some passes over what the file brings. */
export function effortFor(initializers: ReadonlyMap<string, { readonly shape: Shape }>): Effort {
  const stored = [...initializers.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return new Effort(leastSteps + stepsPerElement * stored);
}

const leastSteps = 2 ** 23;
const stepsPerElement = 16;

let current: Effort | undefined;

/** Runs `compute` with what is left of an effort. @throws {LimitError} where it needs more */
export function withEffort<T>(effort: Effort, compute: () => T): T {
  const outer = current;
  current = effort;
  try {
    return compute();
  } finally {
    current = outer;
  }
}

/** Takes steps off what may be computed, before they are done. */
export function spend(steps: number): void {
  current?.take(steps);
}

/** Zeros to write a result into. */
export function roomFor(length: number): Float64Array<ArrayBuffer> {
  spend(length);
  return new Float64Array(length);
}
