import type { Dataset } from "../data/dataset.js";
import { inferenceGraph } from "../model/graphs.js";
import { EvaluationBuilder } from "../model/metrics.js";
import type { Model } from "../model/model.js";
import type { Schedule } from "../optim/schedule.js";
import type { Program } from "../runtime/session.js";
import type { Phase, Settings } from "./options.js";
import { hyperInputs, parameterGroups, scheduleOf } from "./rates.js";
import { headGraph, trainingGraph } from "./step.js";

interface PhaseData {
  readonly train: Dataset;
  readonly validation?: Dataset;
  readonly signal?: AbortSignal;
  readonly onFeatures?: (done: number, total: number) => void;
}

/** Everything in training runs in one build, so that its bits are the same everywhere. */
const build = "simd";

/** One phase of training made ready: its programs, its optimiser state, and in a head phase the backbone's results. */
export class PhaseRun {
  private readonly programs = new Map<number, Program>();
  private schedule?: { steps: number; factor: Schedule };
  /** Backbone results of the training images, and their labels, in a phase that trains only the head. */
  features?: readonly Float32Array[];
  labels: readonly number[] = [];
  private validationFeatures?: readonly Float32Array[];
  private validationLabels: readonly number[] = [];

  private constructor(
    private readonly model: Model,
    private readonly phase: Phase,
    private readonly settings: Settings,
    private readonly data: PhaseData,
    private readonly groupOf: (name: string) => number,
    private readonly featureShape: readonly number[],
  ) {}

  static async open(model: Model, phase: Phase, settings: Settings, data: PhaseData): Promise<PhaseRun> {
    const [height, width] = model.imageSize;
    const { graph, backbone } = splitKept(model, height, width);
    const head = new Set([...graph.kept.keys()].filter((name) => !backbone.has(name)));
    const featureShape = graph.outputs.get("features")?.shape.slice(1) ?? [];
    const run = new PhaseRun(model, phase, settings, data, parameterGroups(model, head, phase), featureShape);
    if (phase.train === "head") {
      const total = data.train.length + (data.validation?.length ?? 0);
      [run.features, run.labels] = await run.computeFeatures(data.train, (done) => data.onFeatures?.(done, total));
      if (data.validation)
        [run.validationFeatures, run.validationLabels] = await run.computeFeatures(data.validation, (done) =>
          data.onFeatures?.(data.train.length + done, total),
        );
    }
    return run;
  }

  /** One optimiser step on a batch. `step` counts within the phase; `randomStep` over all phases, for dropout. */
  async step(x: Float32Array, labels: Int32Array, step: number, steps: number, randomStep: number): Promise<Record<string, Float32Array>> {
    const program = await this.program(labels.length);
    if (this.schedule?.steps !== steps) this.schedule = { steps, factor: scheduleOf(this.phase, this.settings, steps) };
    const { seed } = this.settings;
    const random = Int32Array.of(seed | 0, Math.floor(seed / 2 ** 32), randomStep, 0);
    const hyper = hyperInputs(program.plan.inputs, this.phase, this.settings, this.schedule.factor(step), step);
    if (this.settings.batchNorm === "train" && !this.features) this.model.batchesTracked++;
    return program.run({ x, labels, random, ...hyper });
  }

  /** Loss and accuracy on the validation images. */
  async validate(): Promise<{ loss: number; accuracy: number }> {
    const { validation, signal } = this.data;
    if (!this.validationFeatures) return this.model.evaluate(validation as Dataset, { signal, build });
    const builder = new EvaluationBuilder(this.model.labels);
    const batch = this.settings.batchSize;
    for (let start = 0; start < this.validationFeatures.length; start += batch) {
      const rows = this.validationFeatures.slice(start, start + batch);
      const logits = await this.headLogits(rows);
      logits.forEach((row, i) => builder.add(String(start + i), this.validationLabels[start + i], row));
    }
    return builder.finish();
  }

  /** Writes a state of the optimiser that a checkpoint kept. */
  async restore(name: string, data: Float32Array): Promise<void> {
    await this.program(this.settings.batchSize);
    if (this.model.session.keptValues().some((value) => value.name === name)) await this.model.session.write(name, data);
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

  /** The training program of a batch size; the last batch of an epoch may be smaller and has its own. */
  private async program(batch: number): Promise<Program> {
    const known = this.programs.get(batch);
    if (known) return known;
    const { architecture, labels, imageSize, session } = this.model;
    const shape = this.features ? [batch, ...this.featureShape] : [batch, ...imageSize, architecture.channels];
    const graph = trainingGraph(architecture, labels.length, shape, { ...this.settings, from: this.features ? "features" : "images", groupOf: this.groupOf });
    const program = await session.prepare(graph, { build });
    this.programs.set(batch, program);
    return program;
  }

  private async headLogits(rows: readonly Float32Array[]): Promise<Float32Array[]> {
    const { architecture, labels, session } = this.model;
    const program = await session.prepare(headGraph(architecture, labels.length, [rows.length, ...this.featureShape]), { build });
    const size = rows[0].length;
    const x = new Float32Array(rows.length * size);
    rows.forEach((row, i) => x.set(row, i * size));
    const { logits } = await program.run({ x });
    await program.close();
    return rows.map((_, i) => logits.slice(i * labels.length, (i + 1) * labels.length));
  }

  /** Backbone results of every image, through the evaluation preprocessing: each image goes through once. */
  private async computeFeatures(data: Dataset, onProgress: (done: number) => void): Promise<[Float32Array[], number[]]> {
    const labels = this.model.labelIndices(data.classes);
    const items = await Promise.all(Array.from({ length: data.length }, (_, i) => data.item(i)));
    const features = await this.model.compute(
      "features",
      items.map(({ image }) => image),
      { signal: this.data.signal, build, onProgress },
    );
    return [features, items.map(({ label }) => labels[label])];
  }
}

/** The names that the backbone keeps; what else the network keeps is the head's. */
function splitKept(model: Model, height: number, width: number) {
  const size = { batch: 1, height, width };
  const graph = inferenceGraph(model.architecture, model.labels.length, size, "features");
  const backbone = new Set(graph.kept.keys());
  const whole = inferenceGraph(model.architecture, model.labels.length, size, "logits");
  for (const [name, value] of whole.kept) if (!graph.kept.has(name)) graph.kept.set(name, value);
  return { graph, backbone };
}
