import { unlessAborted } from "../core/abort.js";
import { brief } from "../core/brief.js";
import { ArgumentError, ShapeError } from "../core/errors.js";
import type { FileTarget } from "../core/file-store.js";
import { formatShape, type Shape, sizeOf } from "../core/shape.js";
import { atOnce, giveWay, inSlices, type Slices } from "../core/slices.js";
import { type Graph, isCheckpointed } from "../graph/graph.js";
import { prepareImages, sharedFloats } from "../data/prepare.js";
import { type Dataset, type Item, itemsAt } from "../data/dataset.js";
import { type ImageSource, nameOf } from "../data/image.js";
import { evaluationTransforms, type Preprocessing, preprocessingNames } from "../data/preprocessing.js";
import type { Architecture } from "../nn/architecture.js";
import type { Build } from "../runtime/instance.js";
import { RecentPrograms } from "../runtime/recent-programs.js";
import type { Program, Rehearsal, Session } from "../runtime/session.js";
import type { Calibration } from "./calibration.js";
import { describe, type ModelDescription } from "./describe.js";
import type { EvaluateOptions } from "./evaluate.js";
import type { CallOptions, EachOptions, Images, ScoreOptions, TakeRow } from "./call-options.js";
import { inferenceGraph, type InputSize, type Result } from "./graphs.js";
import { initialValues } from "./initialize.js";
import { toFile, toMemory } from "./layout.js";
import { rankScores, softmaxRow } from "./logits.js";
import { type PeakMemory, peakMemory } from "./memory.js";
import type { Quantized } from "./quantized.js";
import type { SaveOptions } from "./save.js";
import type { Evaluation } from "./metrics.js";
import type { Views } from "./test-time.js";

/** A tensor as a checkpoint has it: PyTorch's names and layouts. */
export interface NamedTensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

export interface Score {
  readonly label: string;
  /** Softmax score, 0 to 1. */
  readonly score: number;
  /** Of `none of these`, what a calibrated model says of images unlike its classes; its score is the share of calibration images that were less odd. */
  readonly isUnknown?: boolean;
}

/** What a model is, apart from its weights. */
export interface ModelFacts {
  readonly architecture: Architecture;
  readonly labels: readonly string[];
  /** Absent where neither the weights' file nor the user said. */
  readonly preprocessing?: Preprocessing;
  /** Height and width in pixels of the network's input. */
  readonly imageSize: readonly [height: number, width: number];
  /** Where the weights came from and under which terms, for people. */
  readonly notes?: Readonly<Record<string, string>>;
  /** Whether the weights came from a checkpoint rather than from initialisers. */
  readonly trained?: boolean;
  /** Whether every batch norm is the identity (mean 0, variance 1), because it was folded into the convolution before it. */
  readonly identityNorms?: boolean;
  /** Of a quantised model. */
  readonly quantized?: Quantized;
}

/** Images per program run: enough to fill the cores, few enough to stay small. An image's result does not depend on it. */
const chunkSize = 32;
/** Programs kept for input sizes seen lately. */
const keptPrograms = 6;

/**
 * An image classifier: an architecture, its weights in one Wasm memory, labels, and the preprocessing that the weights
 * were trained with. Made by `createModel` and `loadModel`. Memory is freed when the model is collected, or by `close()`.
 */
export class Model {
  private readonly programs = new RecentPrograms<Program>(keptPrograms);
  /** Rooms for prepared images that no call uses now. */
  private readonly rooms: Float32Array[] = [];
  /** Training steps that batch norm's running statistics have seen: PyTorch's `num_batches_tracked`. */
  batchesTracked = 0;
  /** What `calibrate` of `ocelli/vision` found; gone when weights change. */
  calibration?: Calibration;

  /** @internal Use `createModel` or `loadModel`. */
  constructor(
    /** @internal */
    readonly session: Session,
    readonly facts: ModelFacts,
    /** @internal Whether work is done in the caller's thread. */
    readonly inline: boolean,
  ) {}

  get architecture(): Architecture {
    return this.facts.architecture;
  }

  get labels(): readonly string[] {
    return this.facts.labels;
  }

  /**
   * What images go through before the network.
   *
   * @throws {ArgumentError} where it is not known: a wrong guess would cost accuracy and say nothing
   */
  get preprocessing(): Preprocessing {
    if (this.facts.preprocessing) return this.facts.preprocessing;
    throw new ArgumentError(
      `${this.architecture.name}: its file does not say how images are prepared; load it with { preprocessing } as it was trained: ${preprocessingNames.map((name) => `"${name}"`).join(", ")}, or { resize, crop, interpolation, mean, std, scale, channelOrder }. forward() takes what is prepared already`,
    );
  }

  /**
   * The classes of one image, or of each of several.
   *
   * @param options.topK how many classes to give, best first (default 5, at most all)
   * @returns softmax scores, which sum to 1 over all classes; of a calibrated model first `none of these`, where it is so
   * @throws {FormatError | LimitError | DataError} for an image that cannot be read, naming it
   */
  classify(image: ImageSource, options?: ScoreOptions & { topK?: number }): Promise<Score[]>;
  classify(images: readonly ImageSource[], options?: ScoreOptions & { topK?: number }): Promise<Score[][]>;
  async classify(images: ImageSource | readonly ImageSource[], { topK = 5, signal, tta }: ScoreOptions & { topK?: number } = {}): Promise<Score[] | Score[][]> {
    if (!(Number.isInteger(topK) && topK >= 1)) throw new ArgumentError(`classify: topK expected a whole number of 1 or more, got ${topK}`);
    const list = Array.isArray(images) ? images : [images as ImageSource];
    const rows = this.calibration
      ? await (await import("./recognize.js")).classifyCalibrated(this, list, topK, { signal, tta })
      : (await this.compute("logits", list, { signal, tta })).map((logits) => rankScores(this.labels, softmaxRow(logits)).slice(0, topK));
    return Array.isArray(images) ? rows : rows[0];
  }

  /** Pooled features before the head, [D] numbers for an image, or for each of several. */
  embed(image: ImageSource, options?: CallOptions): Promise<Float32Array>;
  embed(images: readonly ImageSource[], options?: CallOptions): Promise<Float32Array[]>;
  async embed(images: ImageSource | readonly ImageSource[], options: CallOptions = {}): Promise<Float32Array | Float32Array[]> {
    if (Array.isArray(images)) return this.compute("embedding", images, options);
    return (await this.compute("embedding", [images as ImageSource], options))[0];
  }

  /**
   * Raw logits of an input that is preprocessed already.
   *
   * @param tensor float32 data of shape [N, H, W, C], or [N, C, H, W] with `layout: "NCHW"`
   * @returns logits [N, classes]
   */
  async forward(
    { data, shape, layout = "NHWC" }: { data: Float32Array; shape: Shape; layout?: "NHWC" | "NCHW" },
    { signal }: CallOptions = {},
  ): Promise<NamedTensor> {
    if (shape.length !== 4) throw new ShapeError(`forward: expected 4 axes, got shape ${formatShape(shape)}`);
    const [batch, height, width, channels] = layout === "NHWC" ? shape : [shape[0], shape[2], shape[3], shape[1]];
    if (channels !== this.architecture.channels)
      throw new ShapeError(
        `forward: ${this.architecture.name} expects ${this.architecture.channels} channels, got ${channels} (${layout} ${formatShape(shape)})`,
      );
    if (data.length !== sizeOf(shape)) throw new ShapeError(`forward: shape ${formatShape(shape)} needs ${sizeOf(shape)} numbers, got ${data.length}`);
    const x = layout === "NHWC" ? data : await inSlices(toMemory(data, { shape, view: shape, order: [0, 2, 3, 1] }), signal);
    const { logits } = await this.runProgram("logits", x, { batch, height, width }, { signal });
    return { data: logits, shape: [batch, this.labels.length] };
  }

  /**
   * Accuracy, loss, calibration, per-class figures and confusion matrix on a data set whose classes are the model's labels.
   *
   * @throws {ArgumentError} for a class that the model does not know, {DataError | FormatError} for an image that cannot be read
   */
  async evaluate(data: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
    const { evaluate } = await import("./evaluate.js");
    return evaluate(this, data, options);
  }

  /**
   * All parameters and running statistics by their checkpoint names and layouts. Copies, of one moment: training waits meanwhile. A quantised
   * model's weights are whole numbers, in units of their `weight_scale`.
   */
  async parameters({ signal }: CallOptions = {}): Promise<Map<string, NamedTensor>> {
    const tensors = new Map<string, NamedTensor>();
    const reading = this.session.readAll(isCheckpointed, async ({ name, shape, file }, data) => {
      const floats = data instanceof Float32Array ? data : Float32Array.from(data);
      tensors.set(name, { shape: file?.shape ?? shape, data: await inSlices(toFile(floats, file), signal) });
      await giveWay(signal);
    });
    await unlessAborted(reading, signal);
    return tensors;
  }

  /**
   * Writes parameters or running statistics by their checkpoint names and layouts.
   *
   * @throws {ArgumentError | ShapeError} for a tensor that the network does not have so; then none is written
   */
  async setParameters(tensors: ReadonlyMap<string, NamedTensor>): Promise<void> {
    if (!(Symbol.iterator in Object(tensors))) throw new ArgumentError(`setParameters: expected a Map of tensors by name, got ${brief(tensors)}`);
    const values = this.session.keptValues().filter(isCheckpointed);
    const kept = new Map(values.map((value) => [value.name, value]));
    for (const [name, { shape, data }] of tensors) {
      const value = kept.get(name);
      if (!value) throw new ArgumentError(`setParameters: ${this.architecture.name} has no tensor "${name}"`);
      const expected = value.file?.shape ?? value.shape;
      if (formatShape(expected) !== formatShape(shape) || data.length !== sizeOf(shape))
        throw new ShapeError(`setParameters: "${name}" expects ${formatShape(expected)}, got ${formatShape(shape)} with ${data.length} numbers`);
    }
    this.calibration = undefined;
    for (const [name, { data }] of tensors) {
      await this.session.write(name, await inSlices(toMemory(data, kept.get(name)?.file)));
      await giveWay();
    }
  }

  /** Starts the named tensors (default all) anew from their initialisers. */
  async initialize(seed: number, names?: readonly string[]): Promise<void> {
    this.calibration = undefined;
    for (const value of this.session.keptValues().filter(isCheckpointed)) {
      if (!names || names.includes(value.name)) await this.session.write(value.name, await inSlices(initialValues(value, seed)));
    }
  }

  /**
   * A model for other classes: the same backbone, with its weights, and a classifier that starts anew. For `fineTune`.
   *
   * @param classes names of the classes, or how many
   * @param options.seed of the new classifier's weights, default 0
   * @throws {ArgumentError} for a quantised model, or no classes
   */
  async replaceHead(classes: readonly string[] | number, { seed = 0, signal }: CallOptions & { seed?: number } = {}): Promise<Model> {
    const { replaceHead } = await import("./replace-head.js");
    const { session, ...facts } = await replaceHead(this, classes, seed, signal);
    const made = new Model(session, { ...this.facts, ...facts }, this.inline);
    made.batchesTracked = this.batchesTracked;
    return made;
  }

  /**
   * Writes one file that is the whole classifier: weights under PyTorch's names, architecture, labels, preprocessing.
   *
   * @param target path, or file in a store of `ocelli/storage`; without it the bytes of the file are the result
   * @throws {StorageError} when the file cannot be kept; an older file of that name is then untouched
   */
  save(target: FileTarget, options?: SaveOptions): Promise<void>;
  save(target?: undefined, options?: SaveOptions): Promise<Uint8Array>;
  async save(target?: FileTarget, options: SaveOptions = {}): Promise<Uint8Array | void> {
    return (await import("./save.js")).saveModel(this, target, options);
  }

  /**
   * Bytes that the model needs at most, by purpose: what it holds, and what classifying so many images in one call would add.
   * From counting alone: nothing is allocated. For training see `Trainer.memory`.
   *
   * @param options.images how many in one call, default 1; 0 for what there is now
   * @throws {LimitError} when it would be more than `limits.memoryBytes`
   */
  memory({ images = 1 }: { images?: number } = {}): PeakMemory {
    if (!(Number.isInteger(images) && images >= 0)) throw new ArgumentError(`memory: images expected a whole number, got ${images}`);
    const paper = this.session.rehearse();
    const staging = atOnce(this.rehearse(paper, "logits", images));
    return peakMemory(paper.memory(), { work: "inference", staging, threads: this.session.poolThreads });
  }

  /** The model in numbers: what `ocelli inspect` prints. */
  describe(): ModelDescription {
    return {
      ...describe(this.architecture, this.labels.length, this.facts),
      build: this.session.build,
      threads: this.session.threads,
      memory: this.memory(),
      notes: this.facts.notes ?? {},
      quantized: this.facts.quantized !== undefined,
    };
  }

  /** Height and width in pixels of the network's input. */
  get imageSize(): readonly [height: number, width: number] {
    return this.facts.imageSize;
  }

  /** Frees the model's memory now. Later calls fail with a ClosedError. */
  close(): void {
    this.session.close();
  }

  /** Positions in `labels` of a data set's classes. @throws {ArgumentError} for a class that the model does not know */
  labelIndices(classes: readonly string[]): number[] {
    return classes.map((name) => {
      const index = this.labels.indexOf(name);
      if (index < 0)
        throw new ArgumentError(
          `class "${name}" is not among the model's labels: ${this.labels.slice(0, 8).join(", ")}${this.labels.length > 8 ? ", ..." : ""}`,
        );
      return index;
    });
  }

  /** @internal One row of numbers per image, through the evaluation preprocessing. */
  async compute(result: Result, images: readonly ImageSource[], { signal, tta }: ScoreOptions = {}): Promise<Float32Array[]> {
    const rows: Float32Array[] = [];
    const item = (i: number): Item => ({ image: images[i], id: nameOf(images[i]), label: 0 });
    const data = { length: images.length, item };
    if (tta) await this.computeScores(data, (row) => rows.push(row), { signal, tta });
    else await this.computeEach(result, data, (row) => rows.push(row), { signal });
    return rows;
  }

  /** @internal Logits of each image of a data set, or with test-time augmentation their average over its views. */
  async computeScores(data: Images, take: TakeRow, { tta, ...options }: ScoreOptions & EachOptions): Promise<void> {
    if (!tta) return this.computeEach("logits", data, take, options);
    const { averaging, viewsOf } = await import("./test-time.js");
    const views = await viewsOf(tta, this);
    return this.computeEach("logits", data, averaging(views, take), { ...options, views });
  }

  /**
   * @internal Gives `take` a row of numbers for each image of a data set, in order, and keeps none itself; where there are several `views`
   * chunk by chunk, all images' first views before the second ones.
   */
  async computeEach(
    result: Result,
    data: Images,
    take: TakeRow,
    { signal, build, decoded, views, varied, onProgress }: EachOptions & { views?: Views } = {},
  ): Promise<void> {
    const [height, width] = this.imageSize;
    const pixels = height * width * this.architecture.channels;
    const pipelines = views?.pipelines ?? [varied?.pipeline ?? evaluationTransforms(this.preprocessing)];
    const runs = Math.ceil(data.length / chunkSize) * pipelines.length;
    const { channels } = this.architecture;
    const rooms: Float32Array[] = [];
    const prepare = async (run: number) => {
      const [start, view] = [chunkSize * Math.floor(run / pipelines.length), run % pipelines.length];
      const positions = Array.from({ length: Math.min(chunkSize, data.length - start) }, (_, i) => start + i);
      const items = await itemsAt(data, positions, signal);
      const room = run % 2; // one run is computed while the next is prepared
      rooms[room] ??= await this.room(Math.min(chunkSize, data.length) * pixels);
      const x = rooms[room].subarray(0, items.length * pixels);
      await prepareImages(
        items.map(({ image }) => image),
        {
          pipeline: pipelines[view],
          channels,
          draws: varied ? positions.map((position) => varied.draws(position)) : views && items.map(() => views.draws),
          names: items.map(({ id }) => id),
          imageSize: varied && this.imageSize,
          into: x,
          decoded: decoded ? { images: decoded, positions } : views?.decodedOf(view, items.length),
          build: build ?? this.session.build,
          inline: this.inline,
          signal,
        },
      );
      return { start, items, x, isLast: view === pipelines.length - 1 };
    };
    let next = runs > 0 ? prepare(0) : undefined;
    for (let run = 1; next; run++) {
      const { start, items, x, isLast } = await unlessAborted(next, signal);
      const count = items.length;
      next = run < runs ? prepare(run) : undefined;
      next?.catch(() => {}); // awaited in the next round; a failure of this round must not leave it unheard
      const [output] = Object.values(await this.runProgram(result, x, { batch: count, height, width }, { build, signal }));
      const size = output.length / count;
      items.forEach((item, i) => take(output.slice(i * size, (i + 1) * size), item, start + i));
      if (isLast) onProgress?.(start + count);
    }
    this.rooms.push(...rooms);
  }

  /** Room for prepared images: that of an earlier call if it is large enough. */
  private async room(length: number): Promise<Float32Array> {
    const idle = this.rooms.pop();
    return idle && idle.length >= length ? idle : sharedFloats(length);
  }

  /** @internal What `compute` does, on paper. @returns bytes of the images that are ready at one time */
  *rehearse(paper: Rehearsal, result: Result, images: number, build: Build = this.session.build): Slices<number> {
    const [height, width] = this.imageSize;
    const sizes = [...new Set([Math.min(images, chunkSize), images > chunkSize ? images % chunkSize : 0])].filter((batch) => batch > 0);
    for (const batch of sizes) yield* paper.prepare(this.graph({ batch, height, width }, result), { build });
    return Math.min(images, 2 * chunkSize) * this.imageBytes;
  }

  /** @internal Bytes of one image as the network takes it. */
  get imageBytes(): number {
    const [height, width] = this.imageSize;
    return 4 * height * width * this.architecture.channels;
  }

  /** @internal The graph of one inference. */
  graph(size: InputSize, result: Result): Graph {
    return inferenceGraph(this.architecture, this.labels.length, size, result, this.facts.quantized?.rewrite);
  }

  private runProgram(
    result: Result,
    x: Float32Array,
    size: InputSize,
    { build = this.session.build, signal }: Pick<EachOptions, "build" | "signal">,
  ): Promise<Record<string, Float32Array>> {
    const key = `${typeof result === "object" ? result.name : result} ${size.batch}x${size.height}x${size.width} ${build}`;
    const make = () => this.session.prepare(this.graph(size, result), { build });
    return unlessAborted(
      this.programs.with(key, make, (program) => program.run({ x }, { signal })),
      signal,
    );
  }
}
