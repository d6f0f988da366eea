import type { Build } from "../core/build.js";
import { ArgumentError } from "../core/errors.js";
import { log } from "../core/math.js";
import { type Shape, sizeOf } from "../core/shape.js";
import { inSlices, type Slices } from "../core/slices.js";
import type { Dataset } from "../data/dataset.js";
import type { ImageCache } from "../data/image-cache.js";
import { atSize } from "../data/transforms/at-size.js";
import type { Graph, Value } from "../graph/graph.js";
import { inferenceGraph, type Result } from "../model/graphs.js";
import type { Model, NamedTensor } from "../model/model.js";
import { matchStateDict } from "../nn/state-dict.js";
import type { Schedule } from "../optim/schedule.js";
import type { Plan } from "../plan/compile.js";
import type { MemoryUse, PrepareOptions, Program, Rehearsal } from "../runtime/session.js";
import { shareOf } from "./averages.js";
import { type Batch, type BatchSource, batchesAtOnce, featureBatches, imageBatches, partsOf } from "./batches.js";
import { projectionNames } from "./distill-loss.js";
import { lossDivisor } from "./loss.js";
import { trainingSize } from "./image-size.js";
import { type KeptFeatures, keepFeatures } from "./kept-features.js";
import type { Phase } from "./options.js";
import { regressionRule, type Scale, scaleOf, unscaled } from "./regression.js";
import { type Groups, hyperInputs, parameterGroups } from "./rates.js";
import { scheduleOf } from "./schedules.js";
import type { Settings } from "./settings.js";
import { streams } from "./streams.js";
import { headGraph, makingStep, type StepSettings, statePrefix, updateGraph } from "./step.js";

interface PhaseData {
  readonly train: Dataset;
  readonly validation?: Dataset;
  /** Where decoded images are kept. */
  readonly cache?: ImageCache;
  readonly signal?: AbortSignal;
  /** Of the model's classes in the loss. */
  readonly classWeights?: Float32Array;
}

/** Where in its training a batch stands. */
export interface Position {
  /** Of the epoch, and how many there are in it. */
  readonly batch: number;
  readonly batches: number;
  readonly epoch: number;
  /** Batches of all phases before, for dropout; steps of the optimiser before this phase, for averages. */
  readonly randomStep: number;
  readonly stepsBefore: number;
  /** A further factor on the learning rate. */
  readonly factor: number;
}

/** One phase of training made ready: its programs, its optimiser state, and in a head phase the backbone's results. */
export class PhaseRun {
  private readonly programs = new Map<string, Program>();
  private readonly head: readonly Value[];
  private readonly groups: Groups;
  /** Of training images. */
  readonly imageSize: readonly [height: number, width: number];
  private readonly isMixed: boolean;
  private readonly featureShape: readonly number[];
  private schedule?: { steps: number; factor: Schedule };
  /** By what the gradients that are added up are to be divided. */
  divisor = 0;
  private readonly settings: Settings;
  /** What a head learns from alone, and what a regression's rate and penalty are in proportion to. */
  private kept?: { readonly train: KeptFeatures; readonly validation?: KeptFeatures; readonly scale: Scale };

  constructor(
    private readonly model: Model,
    private readonly phase: Phase,
    settings: Settings,
    private readonly data: PhaseData,
    /** How the phase's programs are made: the build of all of them, and what the steps do for memory. */
    private readonly programOptions: PrepareOptions & { readonly build: Build },
  ) {
    this.settings = phase.regression ? { ...settings, ...regressionRule(phase.regression) } : settings;
    const [height, width] = model.imageSize;
    const size = { batch: 1, height, width };
    this.isMixed = settings.mixing !== undefined && phase.train === "all";
    this.imageSize = trainingSize(model, phase);
    const backbone = inferenceGraph(model.architecture, model.labels.length, size, "features");
    const whole = inferenceGraph(model.architecture, model.labels.length, size, "logits");
    this.featureShape = backbone.outputs.get("features")?.shape.slice(1) ?? [];
    this.head = [...whole.kept.values()].filter(({ name }) => !backbone.kept.has(name));
    this.groups = parameterGroups(model, new Set(this.head.map(({ name }) => name)), phase, settings.layerDecay);
  }

  private get views(): number {
    return this.phase.regression?.views ?? 1;
  }

  /** In a phase that trains only the head: the backbone's results, through the evaluation preprocessing; of training images also for further views. */
  async computeFeatures(onProgress: (done: number, total: number) => void): Promise<void> {
    if (this.phase.train !== "head") return;
    const { train, validation, cache, signal } = this.data;
    const first = train.length * this.views;
    const total = first + (validation?.length ?? 0);
    const of = (data: Dataset, views: number, before: number) =>
      keepFeatures(this.model, data, {
        views,
        transforms: this.settings.transforms,
        seed: this.settings.seed,
        build: this.programOptions.build,
        decoded: cache?.of(data),
        signal,
        onProgress: (done) => onProgress(before + done, total),
      });
    const kept = await of(train, this.views, 0);
    const measured = validation && (await of(validation, 1, first));
    const scale = this.phase.regression ? await inSlices(scaleOf(kept.rows), signal) : unscaled;
    this.kept = { train: kept, validation: measured, scale };
  }

  /** A regression starts at 0, as is usual, unless the head that is there says more of the images than a new one could by chance. */
  async startRegression(): Promise<void> {
    if (!this.phase.regression || !this.kept) return;
    const { session, labels } = this.model;
    const { loss } = await this.validateHead(this.kept.train);
    if (loss < 0.9 * log(labels.length)) return;
    this.model.calibration = undefined; // it is of other weights, here and below
    for (const { name, shape } of this.head) await session.write(name, new Float32Array(sizeOf(shape)));
  }

  /**
   * The batches of an epoch.
   *
   * @param order positions of training images
   * @param epoch phase and epoch, for augmentation
   * @param imageSize of the images, default the phase's
   */
  batches(order: Uint32Array, epoch: readonly [phase: number, epoch: number], imageSize = this.imageSize): BatchSource {
    const { model, settings, data, kept } = this;
    const { batchSize, seed, transforms, mixing, distillation } = settings;
    const views = distillation?.views;
    if (kept) {
      const images = data.train.length;
      return featureBatches(
        kept.train,
        order.map((position, i) => position + images * (i % this.views)),
        batchSize,
      );
    }
    return imageBatches({
      data: data.train,
      labels: model.labelIndices(data.train.classes),
      order,
      batchSize,
      pipeline: atSize(transforms, model.imageSize, imageSize),
      imageSize,
      channels: model.architecture.channels,
      seed,
      stream: views ? [streams.views, epoch[1] % views] : [streams.augmentation, ...epoch],
      mixing: mixing && { ...mixing, classes: model.labels.length, stream: [streams.mixing, ...epoch] },
      inline: model.inline,
      decoded: data.cache?.of(data.train),
      signal: data.signal,
    });
  }

  /**
   * Learns from a batch: a step of the optimiser, or where batches are accumulated their gradients and, with the last of them, the step.
   *
   * @returns the batch's loss and its logits [N, classes]
   */
  async step({ x, labels, targets, lesson }: Batch, position: Position): Promise<{ loss: number; logits: Float32Array }> {
    const { model, settings } = this;
    const { classWeights } = this.data;
    const { seed, accumulate = 1 } = settings;
    const isSoft = targets !== undefined;
    const program = await this.stepProgram(labels.length, isSoft);
    const random = Int32Array.of(seed | 0, Math.floor(seed / 2 ** 32), position.randomStep, 0);
    const inputs = { x, ...(isSoft ? { targets } : { labels }), random, ...(classWeights && { classWeights }), ...lesson?.inputs };
    const entropy = lesson?.entropy ?? 0;
    if (settings.batchNorm === "train" && this.phase.train === "all") model.batchesTracked++;
    model.calibration = undefined;
    const divisor = lossDivisor(settings.loss, labels, classWeights, isSoft);
    if (accumulate === 1) {
      const { loss, logits } = await program.run({ ...inputs, share: inverse(divisor), ...this.updateInputs(program, position) });
      return { loss: loss[0] - entropy, logits };
    }
    const update = await this.updateProgram(); // before the first batch, so that checkpoints between have its state
    const isFirst = position.batch % accumulate === 0;
    const { loss, logits } = await program.run({ ...inputs, fresh: Float32Array.of(Number(isFirst)) });
    this.divisor = (isFirst ? 0 : this.divisor) + divisor;
    if ((position.batch + 1) % accumulate === 0 || position.batch + 1 === position.batches) {
      await update.run({ share: inverse(this.divisor), ...this.updateInputs(update, position) });
    }
    return { loss: loss[0] * inverse(divisor)[0] - entropy, logits };
  }

  /** What the optimiser's part of a program takes. */
  private updateInputs({ plan }: Program, { batch, batches, epoch, stepsBefore, factor }: Position): Record<string, Float32Array> {
    const { phase, settings, kept } = this;
    const { accumulate = 1, ema } = settings;
    const { variance, rate, square } = kept?.scale ?? unscaled;
    const peak = { lr: phase.lr * rate, plainLr: phase.lr * rate * square, weightDecay: settings.weightDecay * variance };
    const stepsPerEpoch = Math.ceil(batches / accumulate);
    const steps = phase.epochs * stepsPerEpoch;
    const step = epoch * stepsPerEpoch + Math.floor(batch / accumulate);
    if (this.schedule?.steps !== steps) {
      this.schedule = { steps, factor: scheduleOf(phase.schedule, { steps, stepsPerEpoch, lr: peak.lr, warmup: settings.warmup }) };
    }
    const hyper = hyperInputs(plan.inputs, peak, this.groups, settings, this.schedule.factor(step) * factor, step);
    return ema ? { ...hyper, emaShare: Float32Array.of(shareOf(ema, stepsBefore + step + 1)) } : hyper;
  }

  /**
   * The programs of the phase on paper, in the order in which they are made.
   *
   * @param images of an epoch
   * @returns the session's memory at the end of the phase, and bytes of prepared images or features beside it
   */
  *rehearse(paper: Rehearsal, images: number): Slices<{ use: MemoryUse; staging: number }> {
    const { model, settings, programOptions } = this;
    const { train, validation } = this.data;
    const parts = (count: number) => partsOf(count, settings.batchSize);
    const head = this.phase.train === "head";
    const computing: number[] = [];
    const compute = function* (result: Result, data: Dataset | undefined): Slices<void> {
      if (data) computing.push(yield* model.rehearse(paper, result, data.length, programOptions.build));
    };
    if (head) for (const data of [train, validation]) yield* compute("features", data);
    const graphs: Graph[] = [];
    for (const batch of parts(images)) graphs.push(yield* this.stepGraph(batch, this.isMixed));
    if ((settings.accumulate ?? 1) > 1) graphs.splice(1, 0, yield* updateGraph(graphs[0], this.stepSettings()));
    if (head)
      graphs.push(...[this.phase.regression ? train.length * this.views : 0, validation?.length ?? 0].flatMap(parts).map((batch) => this.headGraph(batch)));
    const plans: Plan[] = [];
    for (const graph of graphs) plans.push(yield* paper.prepare(graph, programOptions));
    if (!head) yield* compute("logits", validation);
    const use = paper.memory();
    paper.close(plans, statePrefix);
    const features = head ? 4 * sizeOf(this.featureShape) * (train.length * this.views + (validation?.length ?? 0)) : 0;
    const batches = head ? 0 : batchesAtOnce * Math.min(images, settings.batchSize) * 4 * sizeOf([...this.imageSize, model.architecture.channels]);
    return { use, staging: Math.max(batches, features + Math.max(0, ...computing)) };
  }

  /** Loss and accuracy on the validation images. */
  async validate(): Promise<{ loss: number; accuracy: number }> {
    const { validation, cache, signal } = this.data;
    const { loss, accuracy } = this.kept?.validation
      ? await this.validateHead(this.kept.validation)
      : await this.model.evaluate(validation as Dataset, {
          signal,
          build: this.programOptions.build,
          rocAuc: false,
          decoded: cache?.of(validation as Dataset),
        });
    return { loss, accuracy };
  }

  /**
   * Writes the optimiser's state as a checkpoint kept it.
   *
   * @param isStart the phase has not begun: there is at most what the one before handed over
   * @throws {FormatError} when it is not the state of this phase
   */
  async restore(optimizer: ReadonlyMap<string, NamedTensor>, isStart: boolean): Promise<void> {
    if (isStart && optimizer.size === 0) return;
    const { session } = this.model;
    await this.stepProgram(Math.min(this.settings.batchSize, this.data.train.length), this.isMixed);
    if ((this.settings.accumulate ?? 1) > 1) await this.updateProgram();
    const states = this.states().filter(({ name }) => !isStart || projection.has(name));
    const shapes = (tensors: Iterable<readonly [string, { readonly shape: Shape }]>) => new Map([...tensors].map(([name, { shape }]) => [name, shape]));
    matchStateDict(shapes(states.map((state) => [state.name, state])), shapes(optimizer), { network: `phase "${this.phase.name}" of the training` });
    for (const [name, { data }] of optimizer) await session.write(name, data);
  }

  /** Frees the programs and the optimiser's state. @param next phase, which learns on with the projection of the teacher's embeddings if it can */
  async close(next?: Phase): Promise<void> {
    const { session } = this.model;
    for (const program of this.programs.values()) await program.close();
    const names = this.states().map(({ name }) => name);
    await session.forget(names.filter((name) => next?.train !== "all" || !projection.has(name)));
  }

  /** What the optimiser keeps. */
  private states(): Value[] {
    return this.model.session.keptValues().filter(({ kind, name }) => kind === "state" && name.startsWith(statePrefix));
  }

  private async validateHead(kept: KeptFeatures): Promise<{ loss: number; accuracy: number }> {
    const { model } = this;
    const { EvaluationBuilder } = await import("../model/metrics.js");
    const builder = new EvaluationBuilder(model.labels, { rocAuc: false });
    const order = Uint32Array.from(kept.rows, (_, i) => i);
    const { batchSize } = this.settings;
    const batch = featureBatches(kept, order, batchSize);
    for (let index = 0; index * batchSize < order.length; index++) {
      const { x, labels } = await batch(index);
      const program = await this.program(`head ${labels.length}`, async () => this.headGraph(labels.length));
      const { logits } = await program.run({ x }, { signal: this.data.signal });
      const classes = model.labels.length;
      labels.forEach((label, i) => builder.add(String(index * batchSize + i), label, logits.subarray(i * classes, (i + 1) * classes)));
    }
    return builder.finish();
  }

  /** The training program of a batch size; the last batch of an epoch may be smaller and has its own. */
  private stepProgram(batch: number, softTargets = false): Promise<Program> {
    return this.program(`step ${batch} ${softTargets}`, () => inSlices(this.stepGraph(batch, softTargets), this.data.signal));
  }

  private headGraph(batch: number): Graph {
    return headGraph(this.model.architecture, this.model.labels.length, [batch, ...this.featureShape]);
  }

  /** The step of an optimiser that takes added-up gradients, whatever the batches were. */
  private updateProgram(): Promise<Program> {
    return this.program("update", async () => {
      const { signal } = this.data;
      return inSlices(updateGraph(await inSlices(this.stepGraph(1), signal), this.stepSettings()), signal);
    });
  }

  private stepSettings(softTargets = false): StepSettings {
    const { settings } = this;
    const accumulates = (settings.accumulate ?? 1) > 1;
    const weighted = this.data.classWeights !== undefined;
    const from = this.phase.train === "head" ? "features" : "images";
    const reduction = accumulates ? "sum" : weighted ? "share" : "mean";
    return { ...settings, from, softTargets, weighted, reduction, accumulates, averages: settings.ema !== undefined, groupOf: this.groups.groupOf };
  }

  private *stepGraph(batch: number, softTargets = false): Slices<Graph> {
    const { architecture, labels } = this.model;
    const settings = this.stepSettings(softTargets);
    const shape = settings.from === "features" ? [batch, ...this.featureShape] : [batch, ...this.imageSize, architecture.channels];
    const graph = yield* makingStep(architecture, labels.length, shape, settings);
    const has = (op: string) => graph.nodes.some((node) => node.op.name === op);
    const missing =
      settings.dropRate && !has("dropout") ? "dropRate" : settings.dropPathRate && settings.from === "images" && !has("stochasticDepth") ? "dropPathRate" : "";
    if (missing) throw new ArgumentError(`train: ${missing} has nothing to drop in ${architecture.name}`);
    return graph;
  }

  private async program(key: string, graph: () => Promise<Graph>): Promise<Program> {
    const program = this.programs.get(key) ?? (await this.model.session.prepare(await graph(), this.programOptions, this.data.signal));
    this.programs.set(key, program);
    return program;
  }
}

const projection: ReadonlySet<string> = new Set(projectionNames(statePrefix));

/** 1 / x as a tensor of one number, 0 where nothing weighs anything. */
const inverse = (x: number) => Float32Array.of(x > 0 ? 1 / x : 0);
