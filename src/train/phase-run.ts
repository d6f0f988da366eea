import type { Build } from "../core/build.js";
import { type Shape, sizeOf } from "../core/shape.js";
import type { Dataset, Item } from "../data/dataset.js";
import type { ImageCache } from "../data/image-cache.js";
import type { Graph } from "../graph/graph.js";
import { inferenceGraph, type Result } from "../model/graphs.js";
import type { Model, NamedTensor } from "../model/model.js";
import { matchStateDict } from "../nn/state-dict.js";
import type { Schedule } from "../optim/schedule.js";
import type { MemoryUse, PrepareOptions, Program, Rehearsal } from "../runtime/session.js";
import { type Batch, batchesAtOnce, featureBatches } from "./batches.js";
import type { Phase, Settings } from "./options.js";
import { hyperInputs, parameterGroups, scheduleOf } from "./rates.js";
import { headGraph, trainingGraph } from "./step.js";

interface PhaseData {
  readonly train: Dataset;
  readonly validation?: Dataset;
  /** Where decoded images are kept. */
  readonly cache?: ImageCache;
  readonly signal?: AbortSignal;
}

/** One phase of training made ready: its programs, its optimiser state, and in a head phase the backbone's results. */
export class PhaseRun {
  private readonly programs = new Map<string, Program>();
  private readonly groupOf: (name: string) => number;
  private readonly featureShape: readonly number[];
  private schedule?: { steps: number; factor: Schedule };
  /** Backbone results of the training images, and their labels, in a phase that trains only the head. */
  features?: readonly Float32Array[];
  labels: readonly number[] = [];
  private validationFeatures: readonly Float32Array[] = [];
  private validationLabels: readonly number[] = [];

  constructor(
    private readonly model: Model,
    private readonly phase: Phase,
    private readonly settings: Settings,
    private readonly data: PhaseData,
    /** How the phase's programs are made: the build of all of them, and what the steps do for memory. */
    private readonly programOptions: PrepareOptions & { readonly build: Build },
  ) {
    const [height, width] = model.imageSize;
    const size = { batch: 1, height, width };
    const backbone = inferenceGraph(model.architecture, model.labels.length, size, "features");
    const whole = inferenceGraph(model.architecture, model.labels.length, size, "logits");
    this.featureShape = backbone.outputs.get("features")?.shape.slice(1) ?? [];
    this.groupOf = parameterGroups(model, new Set([...whole.kept.keys()].filter((name) => !backbone.kept.has(name))), phase);
  }

  /** In a phase that trains only the head: the backbone's results, through the evaluation preprocessing. Each image goes through once. */
  async computeFeatures(onProgress: (done: number, total: number) => void): Promise<void> {
    if (this.phase.train !== "head") return;
    const { train, validation } = this.data;
    const total = train.length + (validation?.length ?? 0);
    [this.features, this.labels] = await this.featuresOf(train, (done) => onProgress(done, total));
    if (validation) [this.validationFeatures, this.validationLabels] = await this.featuresOf(validation, (done) => onProgress(train.length + done, total));
  }

  /** One optimiser step on a batch. `step` counts within the phase; `randomStep` over all phases, for dropout. */
  async step({ x, labels, targets }: Batch, step: number, steps: number, randomStep: number): Promise<Record<string, Float32Array>> {
    const program = await this.stepProgram(labels.length, targets !== undefined);
    if (this.schedule?.steps !== steps) this.schedule = { steps, factor: scheduleOf(this.phase, this.settings, steps) };
    const { seed } = this.settings;
    const random = Int32Array.of(seed | 0, Math.floor(seed / 2 ** 32), randomStep, 0);
    const hyper = hyperInputs(program.plan.inputs, this.phase, this.settings, this.schedule.factor(step), step);
    if (this.settings.batchNorm === "train" && this.phase.train === "all") this.model.batchesTracked++;
    return program.run({ x, ...(targets ? { targets } : { labels }), random, ...hyper });
  }

  /**
   * The programs of the phase on paper, in the order in which they are made.
   *
   * @param images of an epoch
   * @returns the session's memory at the end of the phase, and bytes of prepared images or features beside it
   */
  rehearse(paper: Rehearsal, images: number): { use: MemoryUse; staging: number } {
    const { model, settings, programOptions } = this;
    const { train, validation } = this.data;
    const parts = (count: number) => [...new Set([Math.min(count, settings.batchSize), count % settings.batchSize])].filter((batch) => batch > 0);
    const head = this.phase.train === "head";
    const compute = (result: Result, data: Dataset | undefined) => (data ? model.rehearse(paper, result, data.length, programOptions.build) : 0);
    const computing = head ? [compute("features", train), compute("features", validation)] : [];
    const plans = parts(images).map((batch) => paper.prepare(this.stepGraph(batch), programOptions));
    if (!head) computing.push(compute("logits", validation));
    else plans.push(...parts(validation?.length ?? 0).map((batch) => paper.prepare(this.headGraph(batch), programOptions)));
    const use = paper.memory();
    paper.close(plans);
    const features = head ? 4 * sizeOf(this.featureShape) * (train.length + (validation?.length ?? 0)) : 0;
    const batches = head ? 0 : batchesAtOnce * Math.min(images, settings.batchSize) * model.imageBytes;
    return { use, staging: Math.max(batches, features + Math.max(0, ...computing)) };
  }

  /** Loss and accuracy on the validation images. */
  async validate(): Promise<{ loss: number; accuracy: number }> {
    const { validation, cache, signal } = this.data;
    const { loss, accuracy } = this.features
      ? await this.validateHead()
      : await this.model.evaluate(validation as Dataset, { signal, build: this.programOptions.build, decoded: cache?.of(validation as Dataset) });
    return { loss, accuracy };
  }

  /** Writes the optimiser's state as a checkpoint kept it. @throws {FormatError} when it is not the state of this phase */
  async restore(optimizer: ReadonlyMap<string, NamedTensor>): Promise<void> {
    const { session } = this.model;
    await this.stepProgram(Math.min(this.settings.batchSize, this.data.train.length));
    const states = session.keptValues().filter(({ kind }) => kind === "state");
    const shapes = (tensors: Iterable<readonly [string, { readonly shape: Shape }]>) => new Map([...tensors].map(([name, { shape }]) => [name, shape]));
    matchStateDict(shapes(states.map((state) => [state.name, state])), shapes(optimizer), { network: `phase "${this.phase.name}" of the training` });
    for (const [name, { data }] of optimizer) await session.write(name, data);
  }

  /** Frees the programs and the optimiser's state. */
  async close(): Promise<void> {
    const { session } = this.model;
    for (const program of this.programs.values()) await program.close();
    await session.forget(
      session
        .keptValues()
        .filter(({ kind }) => kind === "state")
        .map(({ name }) => name),
    );
  }

  private async validateHead(): Promise<{ loss: number; accuracy: number }> {
    const { model, validationFeatures, validationLabels } = this;
    const { EvaluationBuilder } = await import("../model/metrics.js");
    const builder = new EvaluationBuilder(model.labels);
    const order = Uint32Array.from(validationFeatures, (_, i) => i);
    const { batchSize } = this.settings;
    const batch = featureBatches(validationFeatures, validationLabels, order, batchSize);
    for (let index = 0; index * batchSize < order.length; index++) {
      const { x, labels } = await batch(index);
      const program = await this.program(`head ${labels.length}`, () => this.headGraph(labels.length));
      const { logits } = await program.run({ x }, { signal: this.data.signal });
      const classes = model.labels.length;
      labels.forEach((label, i) => builder.add(String(index * batchSize + i), label, logits.subarray(i * classes, (i + 1) * classes)));
    }
    return builder.finish();
  }

  /** The training program of a batch size; the last batch of an epoch may be smaller and has its own. */
  private stepProgram(batch: number, softTargets = false): Promise<Program> {
    return this.program(`step ${batch} ${softTargets}`, () => this.stepGraph(batch, softTargets));
  }

  private headGraph(batch: number): Graph {
    return headGraph(this.model.architecture, this.model.labels.length, [batch, ...this.featureShape]);
  }

  private stepGraph(batch: number, softTargets = false): Graph {
    const { architecture, labels, imageSize } = this.model;
    const from = this.phase.train === "head" ? "features" : "images";
    const shape = from === "features" ? [batch, ...this.featureShape] : [batch, ...imageSize, architecture.channels];
    return trainingGraph(architecture, labels.length, shape, { ...this.settings, from, softTargets, groupOf: this.groupOf });
  }

  private async program(key: string, graph: () => Graph): Promise<Program> {
    const program = this.programs.get(key) ?? (await this.model.session.prepare(graph(), this.programOptions));
    this.programs.set(key, program);
    return program;
  }

  private async featuresOf(data: Dataset, onProgress: (done: number) => void): Promise<[Float32Array[], number[]]> {
    const labels = this.model.labelIndices(data.classes);
    const features: Float32Array[] = [];
    const known: number[] = [];
    const take = (row: Float32Array, { label }: Item) => {
      features.push(row);
      known.push(labels[label]);
    };
    const { signal, cache } = this.data;
    await this.model.computeEach("features", data, take, { signal, build: this.programOptions.build, decoded: cache?.of(data), onProgress });
    return [features, known];
  }
}
