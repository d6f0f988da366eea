import { ArgumentError, DataError } from "../core/errors.js";
import { Random } from "../core/random.js";
import type { SourceLike } from "../core/source.js";
import type { Dataset } from "../data/dataset.js";
import { trainingTransforms } from "../data/preprocessing.js";
import { unreadable } from "../data/prepare.js";
import type { Transform } from "../data/transforms/index.js";
import { argmax } from "../model/metrics.js";
import type { Model, NamedTensor } from "../model/model.js";
import { type BatchSource, featureBatches, imageBatches } from "./batches.js";
import { type Checkpoint, readCheckpoint, type TrainerState, writeCheckpoint } from "./checkpoint.js";
import { chooseBatchNorm } from "./norms.js";
import { type EpochRecord, type Phase, type Progress, resolveSettings, type Settings, type TrainerOptions, type TrainingData } from "./options.js";
import { PhaseRun } from "./phase-run.js";

/** What random streams are for; the second word of their key. */
const streams = { order: 1, augmentation: 2 };

/**
 * Trains a model on a data set. Everything runs in the `simd` build and depends only on weights, data, options and
 * seed: the same checkpoint, byte for byte, on every engine and with any number of threads.
 *
 * @throws {ArgumentError} for options outside their range, {DataError} for data that cannot be trained on
 */
export class Trainer {
  /** All options as they were resolved. */
  readonly settings: Settings;
  private readonly history: EpochRecord[] = [];
  private cursor = { phase: 0, epoch: 0, batch: 0, phaseStep: 0, step: 0 };
  private sums = { loss: 0, right: 0 };
  private best: { loss: number; epochsSince: number; tensors?: ReadonlyMap<string, NamedTensor> } = { loss: Number.POSITIVE_INFINITY, epochsSince: 0 };
  private readonly pipeline: readonly Transform[];
  private resumed?: Checkpoint;

  constructor(
    private readonly model: Model,
    private readonly data: TrainingData,
    private readonly options: TrainerOptions = {},
  ) {
    const { batchNorm, notice } = chooseBatchNorm(model, data.train.length, options.batchNorm);
    this.settings = resolveSettings(options, batchNorm);
    this.notices = notice ? [notice] : [];
    this.pipeline = options.transforms ?? trainingTransforms(model.preprocessing);
  }

  private readonly notices: string[];
  private used?: TrainingData;

  /** The images that training uses: all, or once `fit` has looked through them those that can be read. */
  get usedData(): TrainingData {
    return this.used ?? this.data;
  }

  /** One record per finished epoch. */
  get records(): readonly EpochRecord[] {
    return this.history;
  }

  /** Goes on where a checkpoint file of an equal trainer stopped. Call before `fit`. */
  async resume(source: SourceLike): Promise<this> {
    const checkpoint = await readCheckpoint(source);
    const { state } = checkpoint;
    const differing = (Object.keys(this.settings) as (keyof Settings)[]).filter(
      (key) => JSON.stringify(state.settings[key]) !== JSON.stringify(this.settings[key]),
    );
    if (differing.length > 0) {
      const [key] = differing;
      throw new ArgumentError(
        `resume: the checkpoint was trained with ${key} ${JSON.stringify(state.settings[key])}, expected ${JSON.stringify(this.settings[key])}`,
      );
    }
    if (state.images !== this.data.train.length)
      throw new DataError(`resume: the checkpoint was trained on ${state.images} images, this data set has ${this.data.train.length}`);
    if (JSON.stringify(state.classes) !== JSON.stringify(this.data.train.classes))
      throw new DataError(`resume: the checkpoint's classes are ${state.classes.join(", ")}; this data set's are ${this.data.train.classes.join(", ")}`);
    await this.model.setParameters(checkpoint.parameters);
    this.model.batchesTracked = checkpoint.batchesTracked;
    this.cursor = { phase: state.phase, epoch: state.epoch, batch: state.batch, phaseStep: state.phaseStep, step: state.step };
    this.sums = { loss: state.epochLoss, right: state.epochRight };
    this.history.splice(0, this.history.length, ...state.history);
    this.best = { loss: state.bestLoss ?? Number.POSITIVE_INFINITY, epochsSince: state.epochsSinceBest, tensors: checkpoint.best };
    this.resumed = checkpoint;
    return this;
  }

  /**
   * Trains to the end of the last phase, or until early stopping.
   *
   * @returns one record per epoch
   * @throws the signal's reason when aborted, after writing the checkpoint if there is to be one
   */
  async fit(): Promise<readonly EpochRecord[]> {
    const train = await this.readable(this.data.train, "training");
    const validation = this.data.validation && (await this.readable(this.data.validation, "validation"));
    this.used = { train, validation };
    if (train.length === 0) throw new DataError("train: the data set has no images");
    for (const notice of this.notices.splice(0)) this.options.onNotice?.(notice);
    const stepsOf = (phase: Phase) => phase.epochs * Math.ceil(train.length / this.settings.batchSize);
    const steps = this.settings.phases.reduce((sum, phase) => sum + stepsOf(phase), 0);

    for (; this.cursor.phase < this.settings.phases.length; this.cursor.phase++) {
      const phase = this.settings.phases[this.cursor.phase];
      if (phase.epochs === 0) continue;
      const run = await PhaseRun.open(this.model, phase, this.settings, {
        train,
        validation,
        signal: this.options.signal,
        onFeatures: (done, total) => this.options.onPrepare?.({ work: "features", done, total }),
      }).catch((error) => this.stop(train, error));
      try {
        if (this.resumed) for (const [name, state] of this.resumed.optimizer) await run.restore(name, state);
        this.resumed = undefined;
        if (await this.runPhase(phase, run, train, validation, stepsOf(phase), steps)) break;
      } finally {
        await run.close();
      }
      Object.assign(this.cursor, { epoch: 0, batch: 0, phaseStep: 0 });
    }
    if (this.best.tensors) await this.model.setParameters(this.best.tensors);
    return this.history;
  }

  /** @returns whether to stop early */
  private async runPhase(phase: Phase, run: PhaseRun, train: Dataset, validation: Dataset | undefined, phaseSteps: number, steps: number): Promise<boolean> {
    const { cursor, settings } = this;
    const batches = Math.ceil(train.length / settings.batchSize);
    const epochsBefore = settings.phases.slice(0, cursor.phase).reduce((sum, { epochs }) => sum + epochs, 0);
    const epochs = settings.phases.reduce((sum, { epochs }) => sum + epochs, 0);
    const clock = new Clock();

    for (; cursor.epoch < phase.epochs; cursor.epoch++) {
      const order = new Random(settings.seed, streams.order, cursor.phase, cursor.epoch).shuffle(Uint32Array.from({ length: train.length }, (_, i) => i));
      const source = this.batches(run, train, order);
      const progress = (endOfEpoch: boolean, validated?: Progress["validation"]): Progress => {
        const seen = Math.min(cursor.batch * settings.batchSize, train.length);
        return {
          phase: phase.name,
          epoch: epochsBefore + cursor.epoch + 1,
          epochs,
          step: cursor.step,
          steps,
          loss: this.sums.loss / Math.max(1, seen),
          accuracy: this.sums.right / Math.max(1, seen),
          validation: validated,
          imagesPerSecond: clock.imagesPerSecond,
          eta: clock.secondsFor(phaseSteps - cursor.phaseStep),
          endOfEpoch,
        };
      };
      while (cursor.batch < batches) {
        if (this.options.signal?.aborted) await this.stop(train);
        clock.start();
        const { x, labels } = await source(cursor.batch).catch((error) => this.stop(train, error));
        const { loss, logits } = await run.step(x, labels, cursor.phaseStep, phaseSteps, cursor.step);
        this.sums.loss += loss[0] * labels.length;
        const classes = logits.length / labels.length;
        labels.forEach((label, i) => {
          if (argmax(logits.subarray(i * classes, (i + 1) * classes)) === label) this.sums.right++;
        });
        cursor.batch++;
        cursor.phaseStep++;
        cursor.step++;
        clock.stop(labels.length);
        if (!Number.isFinite(loss[0]))
          throw new DataError(`train: the loss became ${loss[0]} at step ${cursor.step}; use a smaller learning rate, or maxNorm to clip gradients`);
        this.options.onProgress?.(progress(false));
      }
      const validated = validation && (await run.validate().catch((error) => this.stop(train, error)));
      const report = progress(true, validated);
      const { loss, accuracy, epoch, imagesPerSecond } = report;
      this.history.push({ phase: phase.name, epoch, loss, accuracy, validation: validated, imagesPerSecond });
      this.sums = { loss: 0, right: 0 };
      cursor.batch = 0;
      const ended = await this.watch(validated?.loss);
      if (this.options.checkpoint) {
        cursor.epoch++;
        await this.save(this.options.checkpoint, train);
        cursor.epoch--;
      }
      this.options.onProgress?.(report);
      if (ended) return true;
    }
    return false;
  }

  /** Early stopping: keeps the best weights; says when to stop. */
  private async watch(loss: number | undefined): Promise<boolean> {
    if (this.settings.patience === 0 || loss === undefined) return false;
    if (loss < this.best.loss) this.best = { loss, epochsSince: 0, tensors: await this.model.parameters() };
    else this.best.epochsSince++;
    return this.best.epochsSince >= this.settings.patience;
  }

  private batches(run: PhaseRun, train: Dataset, order: Uint32Array): BatchSource {
    const { batchSize, seed } = this.settings;
    if (run.features) return featureBatches(run.features, run.labels, order, batchSize);
    return imageBatches({
      data: train,
      labels: this.model.labelIndices(train.classes),
      order,
      batchSize,
      pipeline: this.pipeline,
      channels: this.model.architecture.channels as 1 | 3,
      seed,
      stream: [streams.augmentation, this.cursor.phase, this.cursor.epoch],
      inline: this.model.inline,
      signal: this.options.signal,
    });
  }

  /** Ends the run: writes the checkpoint after an abort, then throws. */
  private async stop(train: Dataset, error?: Error): Promise<never> {
    const { signal, checkpoint } = this.options;
    if (!signal?.aborted) throw error;
    // Before a resumed run's first step the checkpoint it came from is the newest state.
    if (checkpoint && !this.resumed) await this.save(checkpoint, train);
    throw signal.reason;
  }

  private async save(path: string, train: Dataset): Promise<void> {
    const { phase, epoch, batch, phaseStep, step } = this.cursor;
    const state: TrainerState = {
      version: 1,
      phase,
      epoch,
      batch,
      phaseStep,
      step,
      history: this.history,
      epochLoss: this.sums.loss,
      epochRight: this.sums.right,
      bestLoss: Number.isFinite(this.best.loss) ? this.best.loss : null,
      epochsSinceBest: this.best.epochsSince,
      settings: this.settings,
      images: this.data.train.length,
      classes: train.classes,
    };
    await writeCheckpoint(path, this.model, state, this.best.tensors);
  }

  /** The data set without the images that cannot be read, if those are to be skipped. */
  private async readable(data: Dataset, name: string): Promise<Dataset> {
    if (this.settings.badImages === "error") return data;
    const bad = await unreadable(data, {
      inline: this.model.inline,
      signal: this.options.signal,
      onProgress: (done) => this.options.onPrepare?.({ work: "images", done, total: data.length }),
    });
    for (const { id, error } of bad) this.notices.push(`skipped ${name} image ${id}: ${error.message}`);
    const indices = new Set(bad.map(({ index }) => index));
    return indices.size === 0 ? data : data.subset(Array.from({ length: data.length }, (_, i) => i).filter((i) => !indices.has(i)));
  }
}

/** Images per second and seconds per step, over the steps of this run. */
class Clock {
  private seconds = 0;
  private images = 0;
  private steps = 0;
  private started = 0;

  start(): void {
    this.started = performance.now();
  }

  stop(images: number): void {
    this.seconds += (performance.now() - this.started) / 1000;
    this.images += images;
    this.steps++;
  }

  get imagesPerSecond(): number {
    return this.seconds > 0 ? this.images / this.seconds : 0;
  }

  secondsFor(steps: number): number {
    return this.steps > 0 ? (this.seconds / this.steps) * steps : 0;
  }
}
