import { ArgumentError, DataError } from "../core/errors.js";
import { log, pow } from "../core/math.js";
import type { Model } from "../model/model.js";
import type { TrainerOptions, TrainingData } from "./options.js";
import { Trainer } from "./trainer.js";

export interface LrFindOptions
  extends Omit<TrainerOptions, "epochs" | "lr" | "schedule" | "phases" | "warmup" | "patience" | "ema" | "accumulate" | "checkpoint" | "onProgress"> {
  /** Learning rate of the first step, default 1e-7. */
  readonly startLr?: number;
  /** Learning rate that the last step comes up to, default 10. */
  readonly endLr?: number;
  /** 10 to 10,000, default 100; fewer are made where the loss diverges. */
  readonly steps?: number;
  /** Ends when the smoothed loss is four times its smallest after a tenth of the steps, and most of the last five batches' are. Default true. */
  readonly stopDiverging?: boolean;
  /** What learns, default `all`. */
  readonly train?: "head" | "all";
  /** The first layers learn at the rate divided by it, default 1. */
  readonly lrMult?: number;
  /** Told after each step. */
  readonly onStep?: (done: number, steps: number) => void;
}

export interface LrFindResult {
  /** Learning rate of each step, and the smoothed loss of its batch. */
  readonly lrs: readonly number[];
  readonly losses: readonly number[];
  /** In the middle of the longest fall of the loss: a rate to train with. */
  readonly valley: number;
  /** Where the loss falls most steeply. */
  readonly steep: number;
}

/** Decay of the smoothed loss, and the multiple of its smallest value that is divergence. @see fastai `AvgSmoothLoss`, `LRFinder` */
const smoothing = 0.98;
const divergence = 4;
/** Of the steps the first part, before the smoothed loss has settled, and the last ones, which diverge, say nothing. @see fastai `Learner.lr_find` */
const skippedShare = 0.1;
const skippedLast = 5;

/**
 * Tries learning rates: trains for some steps while the rate rises exponentially, and says which rates suit. The weights are those
 * from before when it is done.
 *
 * @throws {ArgumentError} for options outside their range; {DataError} where the loss diverges at once, so that nothing can be said
 * @see Smith 2017, "Cyclical learning rates for training neural networks"; fastai `Learner.lr_find`
 */
export async function lrFind(model: Model, { train }: Pick<TrainingData, "train">, options: LrFindOptions = {}): Promise<LrFindResult> {
  const { startLr = 1e-7, endLr = 10, steps = 100, stopDiverging = true, train: learning = "all", lrMult = 1, onStep, signal, ...learn } = options;
  if (!(startLr > 0 && startLr < endLr)) throw new ArgumentError(`lrFind: startLr expected a number above 0 and below endLr ${endLr}, got ${startLr}`);
  if (!(Number.isInteger(steps) && steps >= 10 && steps <= 10_000))
    throw new ArgumentError(`lrFind: steps expected a whole number from 10 to 10000, got ${steps}`);
  const before = await model.parameters();
  const { batchesTracked, calibration } = model;
  const stop = new AbortController();
  const [lrs, losses]: [number[], number[]] = [[], []];
  const settled = Math.floor(steps * skippedShare);
  let [mean, lowest] = [0, Number.POSITIVE_INFINITY];
  let latest: number[] = [];
  const watch = (loss: number) => {
    mean = smoothing * mean + (1 - smoothing) * loss;
    const done = lrs.length + 1;
    const smooth = mean / (1 - pow(smoothing, done));
    if (done > settled) lowest = Math.min(lowest, smooth);
    latest = [...latest, loss].slice(-skippedLast);
    const isHigh = (some: number) => some > divergence * lowest;
    const diverges = !Number.isFinite(smooth) || (stopDiverging && isHigh(smooth) && latest.filter(isHigh).length > skippedLast / 2); // one alone is noise
    if (Number.isFinite(smooth)) {
      lrs.push(startLr * pow(endLr / startLr, (done - 1) / steps));
      losses.push(smooth);
    }
    onStep?.(done, steps);
    if (diverges || done === steps) stop.abort();
  };
  try {
    const phase = { name: "lrFind", epochs: steps, train: learning, lr: endLr, lrMult } as const; // at least a step an epoch
    const schedule = { name: "exponential", start: startLr / endLr, steps } as const;
    const trainer = new Trainer(
      model,
      { train },
      {
        ...learn,
        phases: [{ ...phase, schedule }],
        signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
        onProgress: ({ batchLoss, endOfEpoch }) => endOfEpoch || watch(batchLoss),
      },
    );
    await trainer.fit();
  } catch (error) {
    if (!stop.signal.aborted || signal?.aborted) throw error;
  } finally {
    await model.setParameters(before);
    Object.assign(model, { batchesTracked, calibration });
  }
  const from = Math.min(settled, Math.max(0, lrs.length - skippedLast - 2));
  const tried = [lrs, losses].map((values) => values.slice(from, -skippedLast));
  if (tried[0].length < 2) throw new DataError(`lrFind: the loss diverged after ${lrs.length} steps; use a smaller startLr than ${startLr}`);
  return { lrs, losses, valley: valley(tried[0], tried[1]), steep: steep(tried[0], tried[1]) };
}

/** The rate in the middle of the middle third of the longest decreasing subsequence of losses. @see fastai `valley` */
export function valley(lrs: readonly number[], losses: readonly number[]): number {
  const lengths = losses.map(() => 1);
  let end = 0;
  losses.forEach((loss, i) => {
    for (let j = 0; j < i; j++) if (loss < losses[j]) lengths[i] = Math.max(lengths[i], lengths[j] + 1);
    if (lengths[i] > lengths[end]) end = i;
  });
  const third = lengths[end] / 3;
  return lrs[Math.max(0, end - lengths[end] + Math.floor(third) + Math.floor(third / 2))];
}

/** The rate from which the loss falls most for a factor on the rate. @see fastai `steep` */
export function steep(lrs: readonly number[], losses: readonly number[]): number {
  let [best, lowest] = [0, Number.POSITIVE_INFINITY];
  for (let i = 0; i + 1 < lrs.length; i++) {
    const slope = (losses[i + 1] - losses[i]) / log(lrs[i + 1] / lrs[i]);
    if (slope < lowest) [best, lowest] = [i, slope];
  }
  return lrs[best];
}
