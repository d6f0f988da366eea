import type { Build } from "../core/build.js";
import type { PeakMemory } from "./memory.js";
import type { Shape } from "../core/shape.js";
import type { Preprocessing } from "../data/preprocessing.js";
import type { Architecture } from "../nn/architecture.js";
import { costOf, type LayerCost } from "../nn/cost.js";
import { inferenceGraph } from "./graphs.js";

/** A network in numbers, without its weights. */
export interface ArchitectureDescription {
  readonly architecture: string;
  readonly options: Readonly<Record<string, number | string>>;
  /** No published checkpoint of this architecture has been run. */
  readonly unverified?: true;
  /** `[1, height, width, channels]` */
  readonly inputShape: Shape;
  readonly classes: number;
  readonly parameters: number;
  /** Floating-point operations of one image: two per multiply-add. */
  readonly flops: number;
  /** Of convolutions and matrix products, what papers call FLOPs. */
  readonly multiplyAdds: number;
  readonly layers: readonly LayerCost[];
  /** Absent where it is not known. */
  readonly preprocessing?: Preprocessing;
}

export function describe(
  architecture: Architecture,
  classes: number,
  { imageSize: [height, width], preprocessing }: { imageSize: readonly [height: number, width: number]; preprocessing?: Preprocessing },
): ArchitectureDescription {
  const { name, options, unverified, channels } = architecture;
  const { parameters, flops, multiplyAdds, layers } = costOf(inferenceGraph(architecture, classes, { batch: 1, height, width }, "logits"));
  return { architecture: name, options, unverified, inputShape: [1, height, width, channels], classes, parameters, flops, multiplyAdds, layers, preprocessing };
}

export interface ModelDescription extends ArchitectureDescription {
  readonly build: Build;
  readonly threads: number;
  readonly memory: PeakMemory;
  readonly notes: Readonly<Record<string, string>>;
  /** Whether weights are int8 and layers run on bytes; the figures above are those of the float32 network. */
  readonly quantized: boolean;
}
