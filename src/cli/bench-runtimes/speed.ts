import type * as Ocelli from "../../index.js";

export interface SpeedInput {
  /** An architecture; its weights start from a seed. */
  readonly network: string;
  /** Side of the images in pixels; default the architecture's. */
  readonly imageSize?: number;
  /** Images per call and per training step. */
  readonly batch: number;
  /** Default: all cores, at most 8. */
  readonly threads?: number;
  /** Of inference and embedding; training has `simd`. */
  readonly build?: Ocelli.BuildChoice;
  /** What each kind of work is repeated for, after its first runs. */
  readonly milliseconds: number;
}

export const kinds = ["inference", "embedding", "training"] as const;
export type Kind = (typeof kinds)[number];

/** What one process measured: images per second of each kind, the median of its runs. */
export interface Speed extends Readonly<Record<Kind, number>> {
  /** What was used. */
  readonly threads: number;
  readonly build: string;
}

/** Runs that engines compile and plan in, and that are measured at least. */
const warmUp = 2;
const least = 3;

/**
 * Times what a user calls: `classify` and `embed` on pixels, and steps of a Trainer with the network's own augmentation and the default
 * optimiser on batch statistics. Only decoding is left out.
 *
 * @param ocelli the package, as this runtime has it
 */
export async function measureSpeed({ createModel, ImageList, Trainer }: typeof Ocelli, input: SpeedInput): Promise<Speed> {
  const { network, imageSize, batch, threads, build, milliseconds } = input;
  const model = await createModel(network, { imageSize, threads, build, numClasses: 10, seed: 1 });
  const { inputShape, ...used } = model.describe();
  const [, height, width, channels] = inputShape;
  const images = Array.from({ length: batch }, (_, image) => {
    const data = Uint8Array.from({ length: height * width * channels }, (_, i) => ((i + image) * 7919) % 251);
    return { data, width, height, channels: channels as 1 | 3 };
  });

  const timed = async (run: () => Promise<unknown>) => {
    const clock = new Stopwatch(milliseconds);
    while (clock.goesOn) {
      await run();
      clock.lap();
    }
    return (batch * 1000) / clock.median;
  };
  const inference = await timed(() => model.classify(images));
  const embedding = await timed(() => model.embed(images));

  // Epochs without end, until the time is over.
  const enough = new AbortController();
  const clock = new Stopwatch(milliseconds);
  const train = ImageList.from(
    Array.from({ length: batch * 16 }, (_, i) => ({ image: images[i % batch], label: i % 10 })),
    { classes: model.labels },
  );
  const onProgress = ({ endOfEpoch }: Ocelli.Progress) => {
    if (!endOfEpoch) clock.lap();
    if (!clock.goesOn) enough.abort();
  };
  await new Trainer(
    model,
    { train },
    { epochs: 10_000, batchSize: batch, lr: 1e-4, schedule: "constant", batchNorm: "train", signal: enough.signal, onProgress },
  )
    .fit()
    .catch((error) => {
      if (error !== enough.signal.reason) throw error;
    });
  model.close();
  return { inference, embedding, training: (batch * 1000) / clock.median, threads: used.threads, build: used.build };
}

/** Times laps until there are enough, the first few for nothing. */
class Stopwatch {
  private readonly laps: number[] = [];
  private last = performance.now();
  private end = Number.POSITIVE_INFINITY;

  constructor(private readonly milliseconds: number) {}

  get goesOn(): boolean {
    return this.laps.length < warmUp + least || performance.now() < this.end;
  }

  lap(): void {
    const now = performance.now();
    this.laps.push(now - this.last);
    if (this.laps.length === warmUp) this.end = now + this.milliseconds;
    this.last = now;
  }

  /** Milliseconds of a lap. */
  get median(): number {
    return median(this.laps.slice(warmUp));
  }
}

/** The middle one, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [(sorted.length - 1) >> 1, sorted.length >> 1];
  return (sorted[low] + sorted[high]) / 2;
}
