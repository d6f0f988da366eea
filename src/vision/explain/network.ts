import { ArgumentError } from "../../core/errors.js";
import { inSlices } from "../../core/slices.js";
import { named, type Preprocessing, type PreprocessingName, preprocessingNames } from "../../data/preprocessing.js";
import type { Value } from "../../graph/graph.js";
import { toFile } from "../../model/layout.js";
import type { Model } from "../../model/model.js";
import type { Program } from "../../runtime/session.js";
import type { GraphModel } from "../../zoo/imported/graph-model.js";
import type { Grid } from "./spatial.js";

/** What only a `GraphModel` has to be told; a `Model` knows it. */
export interface GraphImageOptions {
  /** What images go through, in full or by name; default what the file says. */
  readonly preprocessing?: Preprocessing | PreprocessingName;
  /** Name of the output that is the class scores; default the first one. */
  readonly output?: string;
}

/** A network as Grad-CAM needs it: one image in, class scores out, and a graph between them that can be added to. */
export interface ImageNetwork {
  readonly labels: readonly string[];
  readonly channels: 3 | 1;
  /** Of the input, in pixels. */
  readonly size: Grid;
  /** [1, classes], before a softmax; the output `logits` of its graph. */
  readonly logits: Value;
  /** @throws {ArgumentError} where nobody says it, or not for this input */
  preprocessing(): Preprocessing;
  /** A program of the graph. */
  prepare(signal?: AbortSignal): Promise<Program>;
  /** One image [1, height, width, channels], preprocessed, as the program's input. */
  feed(x: Float32Array): Promise<Readonly<Record<string, Float32Array>>>;
}

/** @throws {ArgumentError} for a quantised model, or an output that is not there; {UnsupportedOpError} for a graph that gives no class scores of images */
export const imageNetwork = (model: Model | GraphModel, options: GraphImageOptions): ImageNetwork =>
  "imageGraph" in model ? ofGraph(model, options) : ofModel(model, options);

function ofModel(model: Model, { preprocessing, output }: GraphImageOptions): ImageNetwork {
  if (preprocessing !== undefined || output !== undefined)
    throw new ArgumentError("explain: preprocessing and output are for a GraphModel; this model has its own");
  if (model.facts.quantized) throw new ArgumentError("explain: a quantised model has no gradients; explain the float32 model that it was made of");
  const [height, width] = model.imageSize;
  const graph = model.graph({ batch: 1, height, width }, "logits");
  const logits = graph.outputs.get("logits");
  if (!logits) throw new ArgumentError("explain: the model has no logits");
  return {
    labels: model.labels,
    channels: model.architecture.channels,
    size: { height, width },
    logits,
    preprocessing: () => model.preprocessing,
    prepare: (signal) => model.session.prepare(graph, {}, signal),
    feed: async (x) => ({ x }),
  };
}

function ofGraph(model: GraphModel, { preprocessing = model.preprocessing, output }: GraphImageOptions): ImageNetwork {
  const asked = typeof preprocessing === "object" ? sides(preprocessing.crop) : undefined;
  const { input, logits, weights } = model.imageGraph(output, asked);
  const [, classes] = logits.shape;
  const [height, width] = input.size;
  const shape = [1, input.channels, height, width];
  return {
    labels: model.labels?.length === classes ? model.labels : Array.from({ length: classes }, (_, i) => String(i)),
    channels: input.channels,
    size: { height, width },
    logits,
    preprocessing() {
      if (preprocessing === undefined) {
        const names = preprocessingNames.map((name) => JSON.stringify(name)).join(", ");
        throw new ArgumentError(
          `explain: the graph's file does not say how images are prepared; give { preprocessing } as it was trained: ${names}, or in full`,
        );
      }
      if (typeof preprocessing === "string" && input.isOpen)
        throw new ArgumentError(`explain: the graph takes images of any size; give { preprocessing } in full, with their size as crop`);
      const full = typeof preprocessing === "string" ? named(preprocessing, height === width ? height : input.size) : preprocessing;
      const [tall, wide] = sides(full.crop);
      if (tall !== height || wide !== width)
        throw new ArgumentError(`explain: preprocessing makes images of ${wide} x ${tall} pixels for an input of ${width} x ${height}`);
      return { ...full, channels: input.channels };
    },
    prepare: (signal) => model.program(logits.graph, weights, signal),
    feed: async (x) => ({ [input.name]: input.layout === "NHWC" ? x : await inSlices(toFile(x, { shape, view: shape, order: [0, 2, 3, 1] })) }),
  };
}

const sides = (size: Preprocessing["crop"]): readonly [height: number, width: number] => (typeof size === "number" ? [size, size] : size);
