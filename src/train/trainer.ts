import type { Build } from "../core/build.js";
import { ArgumentError, DataError } from "../core/errors.js";
import { Random } from "../core/random.js";
import { checkWritable, type FileSource } from "../core/file-store.js";
import { inSlices } from "../core/slices.js";
import { checkSplit, type Dataset } from "../data/dataset.js";
import type { ImageCache } from "../data/image-cache.js";
import { argmax } from "../model/logits.js";
import { type PeakMemory, peakMemory } from "../model/memory.js";
import type { Model } from "../model/model.js";
import { type PlateauState, plateauStart, watchPlateau } from "../optim/plateau.js";
import { checkpointGradients } from "../plan/gradient-checkpointing.js";
import { chooseBuild } from "../runtime/choose-build.js";
import { Averages, averagesGraph } from "./averages.js";
import { epochSize, partsOf } from "./batches.js";
import { type Checkpoint, checkSameRun, type Cursor, readCheckpoint, type TrainerState, writeCheckpoint } from "./checkpoint.js";
import { cacheLimit, openCache } from "./cached-images.js";
import { Clock } from "./clock.js";
import { openTeacher, rehearseTeacher, weightsDigest } from "./distillation.js";
import { EarlyStopping } from "./early-stopping.js";
import { classWeightsOf } from "./loss.js";
import { chooseBatchNorm } from "./norms.js";
import { onlyReadable } from "./only-readable.js";
import type { EpochRecord, Phase, Progress, TrainerOptions, TrainingData } from "./options.js";
import { shownSize, viewSize } from "./image-size.js";
import { PhaseRun } from "./phase-run.js";
import { imagesByClass, orderOf, repeated } from "./sampling.js";
import { wholeSchedule } from "./schedules.js";
import { checkData, resolveSettings, type Settings } from "./settings.js";
import { streams } from "./streams.js";
import type { Teacher } from "./teacher.js";

/** Models that learn now. */
const learning = new WeakSet<Model>();
/** A step of all layers takes about as long as so many passes of its images through the backbone: one forward, and two of that size backward. */
const forwardsPerStep = 3;

/**
 * Trains a model on a data set. Everything runs in one build and depends only on weights, data, options and seed: the
 * same checkpoint, byte for byte, with any number of threads, and in the default build `simd` on every engine.
 *
 * A last batch of a single image is left out of an epoch where batch norm would take its statistics from it alone.
 *
 * @throws {ArgumentError} for options outside their range or classes that the model does not know
 */
export class Trainer {
  /** All options as they were resolved. */
  readonly settings: Settings;
  private readonly history: EpochRecord[] = [];
  private cursor: Cursor = { phase: 0, epoch: 0, batch: 0, phaseStep: 0, step: 0 };
  private sums = { loss: 0, right: 0 };
  private batchLoss = 0;
  /** Of a step of each kind, as the last ones took. */
  private readonly stepSeconds = { head: 0, all: 0 };
  private readonly stopping: EarlyStopping;
  private plateau: PlateauState = plateauStart;
  private readonly averages?: Averages;
  private teacher?: Teacher;
  /** Positions of the training images of each class, where something depends on them. */
  private byClass?: readonly (readonly number[])[];
  private readonly notices: string[];
  private used?: TrainingData;
  private chosenBuild?: Build;
  private run?: PhaseRun;
  private isStopped = false;
  /** Decoded images, while `fit` runs. */
  private cache?: ImageCache;
  /** What `resume` read, until the phase that it belongs to has taken over the optimiser's state. */
  private resumed?: Checkpoint;

  constructor(
    private readonly model: Model,
    private readonly data: TrainingData,
    private readonly options: TrainerOptions = {},
    readonly choice?: string, // of `fineTune`, and why
  ) {
    if (model.facts.quantized) throw new ArgumentError("train: a quantised model does not learn; train the float32 model and quantise it again");
    checkSplit("train", data);
    const { batchNorm, notice } = chooseBatchNorm(model, data.train.length, options.batchNorm);
    this.settings = resolveSettings(options, batchNorm, model);
    this.stopping = new EarlyStopping(model, this.settings.patience);
    this.notices = [choice && `fineTune: ${choice}`, notice].flatMap((text) => text || []);
    checkData(this.settings, model, data);
    if (this.settings.ema) this.averages = new Averages(model);
  }

  /** The images that training uses: all, or once `fit` has looked through them those that can be read. */
  get usedData(): TrainingData {
    return this.used ?? this.data;
  }

  /** The kernels that everything runs in, once `fit` or `resume` has chosen them. */
  get build(): Build | undefined {
    return this.chosenBuild;
  }

  /** One record per finished epoch. */
  get records(): readonly EpochRecord[] {
    return this.history;
  }

  /**
   * Goes on where a checkpoint file of an equal trainer stopped. Call before `fit`.
   *
   * @throws {FormatError} for a file that is no checkpoint of this network, {ArgumentError} for one of other options, {DataError} of other data
   */
  async resume(source: FileSource): Promise<this> {
    const checkpoint = await readCheckpoint(source);
    const teacher = await weightsDigest(this.options.distillation?.teacher);
    checkSameRun(checkpoint, this.model, { settings: this.settings, build: await this.chooseBuild(), train: this.data.train, teacher });
    const { state } = checkpoint;
    await this.model.setParameters(checkpoint.parameters);
    this.model.batchesTracked = checkpoint.batchesTracked;
    this.cursor = { ...state.cursor };
    this.sums = { ...state.sums };
    this.history.splice(0, this.history.length, ...state.history.map((record) => ({ ...record, imagesPerSecond: 0, waiting: 0 })));
    this.stopping.resume(state.best, checkpoint.best);
    this.plateau = state.plateau ?? plateauStart;
    this.resumed = checkpoint;
    return this;
  }

  /**
   * Bytes that training needs at most, by purpose, validation and checkpoints included. From counting alone: nothing is allocated.
   *
   * @throws {LimitError} when it would be more than `limits.memoryBytes`
   */
  async memory(): Promise<PeakMemory> {
    const { model, settings, options } = this;
    const { train } = this.usedData;
    const paper = model.session.rehearse();
    if (settings.ema) await inSlices(paper.prepare(averagesGraph(model)), options.signal);
    const beside = { work: "training", imageCache: await this.mostCached(), threads: model.session.poolThreads } as const;
    let peak = peakMemory(paper.memory(), { ...beside, staging: 0 });
    for (const phase of settings.phases.filter(({ epochs }) => epochs > 0)) {
      const { images } = this.epochSize(train, phase);
      const { use, staging } = await inSlices((await this.phaseRun(phase, this.usedData)).rehearse(paper, images), options.signal);
      const best = settings.patience > 0 ? use.parameters : 0;
      const checkpoint = options.checkpoint ? use.parameters + use.optimizer : 0;
      const shown = { batches: partsOf(images, settings.batchSize), imageSize: shownSize(model, settings, phase), images: train.length };
      const learnt = phase.train === "all" ? options.distillation : undefined;
      const { teacher, answers } = await rehearseTeacher(learnt, model, settings.distillation, await this.chooseBuild(), shown);
      const found = peakMemory(use, { ...beside, staging: staging + best + checkpoint + answers, teacher });
      if (found.process >= peak.process) peak = found;
    }
    return peak;
  }

  /**
   * Trains to the end of the last phase. A model learns from one trainer at a time.
   *
   * @returns one record per epoch
   * @throws {ArgumentError} while the model is being trained, and of a trainer that an error has stopped: a new one can `resume` its checkpoint
   * @throws the signal's reason when aborted, after writing the checkpoint if there is to be one
   * @throws {StorageError} before the first step where the checkpoint cannot be written
   * @throws {DataError} for images that cannot be read (unless they are skipped), and for a loss that is no longer a number
   */
  async fit(): Promise<readonly EpochRecord[]> {
    const { signal, checkpoint } = this.options;
    if (learning.has(this.model)) throw new ArgumentError("train: this model is being trained already");
    if (this.isStopped) throw new ArgumentError("train: an error has stopped this trainer; make a new one, which can resume its checkpoint");
    learning.add(this.model);
    try {
      if (checkpoint) await checkWritable(checkpoint);
      const build = await this.chooseBuild();
      await this.averages?.start(this.resumed?.training);
      this.cache = await openCache(await this.mostCached(), this.model);
      const data = await this.readable();
      const views = { data: data.train, imageSize: viewSize(this.model, this.settings.phases), transforms: this.settings.transforms, seed: this.settings.seed };
      this.teacher = await openTeacher(this.options.distillation, this.model, this.settings.distillation, build, views);
      this.byClass = undefined; // of images that can be read
      for (const notice of this.notices.splice(0)) this.options.onNotice?.(notice);
      while (this.cursor.phase < this.settings.phases.length) await this.runPhase(data);
      await this.averages?.finish();
      await this.stopping.restoreBest();
    } catch (error) {
      this.isStopped = this.run !== undefined; // the optimiser's state goes with it
      if (checkpoint && signal?.aborted && error === signal.reason) await this.save(checkpoint);
      await this.run?.close().catch(() => {}); // the first error is the one to tell
      await this.averages?.finish().catch(() => {});
      throw error;
    } finally {
      this.cache = undefined;
      await this.teacher?.close().catch(() => {});
      learning.delete(this.model);
    }
    return this.history;
  }

  private async runPhase({ train, validation }: TrainingData): Promise<void> {
    const { cursor, settings } = this;
    const phase = settings.phases[cursor.phase];
    if (phase.epochs === 0) return this.nextPhase();
    const run = await this.phaseRun(phase, { train, validation });
    this.run = run;
    if (this.resumed) await run.restore(this.resumed.optimizer, cursor.phaseStep === 0);
    run.divisor = this.resumed?.state.divisor ?? 0;
    this.resumed = undefined;
    const begun = performance.now();
    await run.computeFeatures((done, total) => {
      this.stepSeconds.all = (forwardsPerStep * settings.batchSize * (performance.now() - begun)) / 1000 / Math.max(1, done);
      this.options.onPrepare?.({ work: "features", done, total });
    });
    if (cursor.phaseStep === 0) await run.startRegression();
    const clock = new Clock();
    for (let ended = false; !ended; ) {
      await this.runSteps(run, train, clock);
      const [validated, stop] = await this.asMeasured(async () => {
        const measured = validation && (await run.validate());
        return [measured, await this.stopping.watch(measured)] as const;
      });
      if (Number.isNaN(validated?.loss)) throw this.diverged(Number.NaN); // weights that the last step spoilt
      const report = this.progress(train, clock, validated ?? null);
      const { loss, accuracy, epoch, imagesPerSecond, waiting } = report;
      this.history.push({ phase: phase.name, epoch, loss, accuracy, validation: validated, imagesPerSecond, waiting });
      if (validated) this.watchPlateau(phase, validated);
      Object.assign(this.sums, { loss: 0, right: 0 });
      Object.assign(cursor, { epoch: cursor.epoch + 1, batch: 0 });
      ended = stop || cursor.epoch === phase.epochs;
      if (stop) {
        await this.stopping.restoreBest();
        await this.averages?.start();
      }
      if (ended) {
        await run.close(settings.phases.slice(cursor.phase + 1).find(({ epochs }) => epochs > 0));
        this.nextPhase();
      }
      if (this.options.checkpoint) await this.save(this.options.checkpoint);
      this.options.onProgress?.(report);
    }
  }

  private async phaseRun(phase: Phase, { train, validation }: TrainingData): Promise<PhaseRun> {
    const programs = { build: await this.chooseBuild(), rewrite: this.options.gradientCheckpointing ? checkpointGradients : undefined };
    const { model, settings } = this;
    const weights = settings.classWeights;
    if (weights || (settings.sampling && settings.sampling !== "shuffle")) this.byClass ??= await imagesByClass(train, this.options.signal);
    const counts = (this.byClass ?? []).map(({ length }) => length);
    const classWeights = weights && classWeightsOf(weights, counts, model.labelIndices(train.classes), model.labels.length);
    return new PhaseRun(model, phase, settings, { train, validation, cache: this.cache, signal: this.options.signal, classWeights }, programs);
  }

  /** The steps of an epoch, from the cursor to its end. */
  private async runSteps(run: PhaseRun, train: Dataset, clock: Clock): Promise<void> {
    const { cursor } = this;
    const { batches, images } = this.epochSize(train);
    const order = this.epochOrder(train).subarray(0, images);
    const epoch = [cursor.phase, cursor.epoch] as const;
    const source = run.batches(order, epoch);
    const teacherSize = shownSize(this.model, this.settings, this.settings.phases[cursor.phase]);
    const isSame = String(teacherSize) === String(run.imageSize);
    const shownSource = run.batches(order, epoch, teacherSize);
    const position = { batches, stepsBefore: this.stepsBefore(batches), factor: this.plateau.factor };
    clock.startEpoch();
    while (cursor.batch < batches) {
      this.options.signal?.throwIfAborted();
      clock.start();
      const batch = await source(cursor.batch);
      clock.work();
      const { labels } = batch;
      const first = cursor.batch * this.settings.batchSize;
      const shown = {
        epoch: cursor.epoch,
        positions: order.subarray(first, first + labels.length),
        images: train.length,
        imageSize: teacherSize,
        pictures: async () => (isSame ? batch : await shownSource(cursor.batch)).x,
      };
      const lesson = this.settings.phases[cursor.phase].train === "head" ? undefined : await this.teacher?.lesson(shown);
      const { loss, logits } = await run.step({ ...batch, lesson }, { ...position, batch: cursor.batch, epoch: cursor.epoch, randomStep: cursor.step });
      this.sums.loss += loss * labels.length;
      const classes = logits.length / labels.length;
      labels.forEach((label, i) => {
        if (argmax(logits.subarray(i * classes, (i + 1) * classes)) === label) this.sums.right++;
      });
      cursor.batch++;
      cursor.phaseStep++;
      cursor.step++;
      clock.stop(labels.length);
      this.stepSeconds[this.settings.phases[cursor.phase].train] = clock.secondsFor(1);
      this.batchLoss = loss;
      this.options.onProgress?.(this.progress(train, clock));
      if (!Number.isFinite(loss)) throw this.diverged(loss);
    }
  }

  private diverged(loss: number): DataError {
    return new DataError(`train: the loss became ${loss} at step ${this.cursor.step}; use a smaller learning rate, or maxNorm to clip gradients`);
  }

  /** Where training stands. `validated` is given at the end of an epoch, `null` where there are no images to measure on. */
  private progress(train: Dataset, clock: Clock, validated?: Progress["validation"] | null): Progress {
    const { cursor, sums, stepSeconds } = this;
    const { phases } = this.settings;
    const epochsOf = (some: readonly Phase[]) => some.reduce((sum, { epochs }) => sum + epochs, 0);
    const stepsOf = (phase: Phase) => phase.epochs * this.epochSize(train, phase).batches;
    const phase = phases[cursor.phase];
    const seen = Math.min(cursor.batch * this.settings.batchSize, this.epochSize(train).images);
    return {
      phase: phase.name,
      epoch: epochsOf(phases.slice(0, cursor.phase)) + cursor.epoch + 1,
      epochs: epochsOf(phases),
      step: cursor.step,
      steps: phases.reduce((sum, each) => sum + stepsOf(each), 0),
      loss: sums.loss / Math.max(1, seen),
      accuracy: sums.right / Math.max(1, seen),
      batchLoss: this.batchLoss,
      validation: validated ?? undefined,
      imagesPerSecond: clock.imagesPerSecond,
      waiting: clock.waiting,
      eta: phases.slice(cursor.phase).reduce((sum, each) => sum + stepsOf(each) * stepSeconds[each.train], -cursor.phaseStep * stepSeconds[phase.train]),
      endOfEpoch: validated !== undefined,
    };
  }

  private async chooseBuild(): Promise<Build> {
    this.chosenBuild ??= await chooseBuild(this.options.build ?? "simd");
    return this.chosenBuild;
  }

  /** Bytes that decoded images may take. */
  private mostCached(): Promise<number> {
    return cacheLimit(this.data, this.settings, this.options.imageCache);
  }

  private nextPhase(): void {
    Object.assign(this.cursor, { phase: this.cursor.phase + 1, epoch: 0, batch: 0, phaseStep: 0 });
    this.stopping.nextPhase();
    this.plateau = plateauStart;
  }

  /** Does something with the weights that are measured and saved. */
  private asMeasured<T>(work: () => Promise<T>): Promise<T> {
    return this.averages ? this.averages.during(work) : work();
  }

  /** The order of the images in the epoch that training is in. */
  private epochOrder({ length }: Dataset): Uint32Array {
    const { phase, epoch } = this.cursor;
    const { seed, sampling, phases, repeats = 1 } = this.settings;
    const order = orderOf(length, sampling, this.byClass, new Random(seed, streams.order, phase, epoch));
    return phases[phase].train === "all" ? repeated(order, repeats) : order;
  }

  /** Steps of the optimiser in the phases before. */
  private stepsBefore(batches: number): number {
    const { history, cursor, settings } = this;
    return (history.length - cursor.epoch) * Math.ceil(batches / (settings.accumulate ?? 1));
  }

  private watchPlateau(phase: Phase, measured: NonNullable<Progress["validation"]>): void {
    const schedule = wholeSchedule(phase.schedule);
    if (schedule.name !== "plateau") return;
    this.plateau = watchPlateau(this.plateau, measured[schedule.monitor], schedule, phase.lr > 0 ? schedule.min / phase.lr : 0);
  }

  /** Batches and images of an epoch of a phase, by default of the one that training is in. */
  private epochSize({ length }: Dataset, phase = this.settings.phases[this.cursor.phase]): { batches: number; images: number } {
    const statistics = this.settings.batchNorm === "train" && phase.train === "all" && this.model.session.keptValues().some(({ kind }) => kind === "buffer");
    return epochSize(length, this.settings.batchSize, { dropSingle: statistics });
  }

  private async save(target: NonNullable<TrainerOptions["checkpoint"]>): Promise<void> {
    const { stopping, cursor, sums, settings } = this;
    const state: TrainerState = {
      version: 1,
      cursor,
      sums,
      history: this.history.map(({ imagesPerSecond: _, waiting: __, ...record }) => record),
      best: stopping.state,
      ...(this.plateau !== plateauStart && { plateau: this.plateau }),
      teacher: await weightsDigest(this.options.distillation?.teacher),
      ...((settings.accumulate ?? 1) > 1 && { divisor: this.resumed?.state.divisor ?? this.run?.divisor ?? 0 }),
      settings,
      build: await this.chooseBuild(),
      images: this.data.train.length,
      usedImages: this.usedData.train.length,
      classes: this.data.train.classes,
    };
    await this.asMeasured(() => writeCheckpoint(target, this.model, state, { best: stopping.best, optimizer: this.resumed?.optimizer }));
  }

  /** The data without the images that cannot be read, if those are to be skipped. */
  private async readable(): Promise<TrainingData> {
    if (this.data.train.length === 0) throw new DataError("train: the data set has no images");
    this.used = this.data;
    if (this.settings.badImages === "skip") {
      const { signal, onPrepare } = this.options;
      const found = await onlyReadable(this.data, { inline: this.model.inline, cache: this.cache, signal, onPrepare });
      this.used = found.data;
      this.notices.push(...found.notices);
    }
    const { resumed } = this;
    if (resumed && resumed.state.usedImages !== this.used.train.length) {
      throw new DataError(`resume: the checkpoint was trained on ${resumed.state.usedImages} readable images, this data set has ${this.used.train.length}`);
    }
    return { train: this.used.train, validation: this.used.validation?.length ? this.used.validation : undefined };
  }
}
