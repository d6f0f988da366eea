/** What is measured: a network at work, by us and perhaps by a peer in turns with us. */
export interface Job {
  readonly work: "inference" | "training";
  readonly model: string;
  /** Side of the image in pixels. */
  readonly size: number;
  readonly batch: number;
  readonly threads: number;
  /** Ours; "auto" is the fastest but turbo. */
  readonly build: string;
  /** A name of `peersOf`; absent where nobody is beside us. */
  readonly peer?: string;
  /** We run in a page of this browser, and so does the peer unless it is "node". */
  readonly browser?: "chromium";
  /** Runs of each side at least, while the time lasts. */
  readonly runs: number;
  /** Time for all runs of the pair, in seconds. */
  readonly seconds: number;
}

/** One engine made ready for a job. */
export interface Side {
  readonly engine: string;
  /** Which of the engine's binaries or modes. */
  readonly build: string;
  readonly runtime: string;
  /** Where it differs from the job's. */
  readonly threads?: number;
  /** Results to compare, before anything is timed: logits; for training, then also the losses of the first steps, where nothing is random. */
  outputs(): Promise<Float32Array[]>;
  /** Runs `count` times: milliseconds of each. */
  run(count: number): Promise<number[]>;
  /** Largest resident set of the engine's process so far, in MB, where the process is its own. */
  peakRss?(): Promise<number>;
  close(): Promise<void> | void;
}

/** Ourselves, as peers: with one thread, and in Node where the job is of a browser. */
export const ourselves = ["one-thread", "node"];

/** Steps of training whose losses are compared. */
export const comparedSteps = 3;
export const channelsOf = (model: string): number => (model === "small_cnn" ? 1 : 3);

/** Classes of all that is trained. */
export const trainedClasses = 10;

/** Of SGD; so small that losses of the first steps depend on the gradients smoothly. */
export const learningRate = 1e-5;
export const momentum = 0.9;

/** File of a job's weights, under PyTorch's names. */
export const weightsOf = ({ work, model, size }: Job): string => (work === "training" ? `train-${model}-${size}.safetensors` : `${model}.safetensors`);

/** The same images for every engine: [N, H, W, C], values from -1 to 1. */
export function images({ batch, size, model }: Job): Float32Array {
  return Float32Array.from({ length: batch * size * size * channelsOf(model) }, (_, i) => ((i * 40503) % 65521) / 32768 - 1);
}

/** The same classes of training for every engine. */
export const labels = ({ batch }: Job): Int32Array => Int32Array.from({ length: batch }, (_, i) => i % trainedClasses);

/** [N, H, W, C] to [N, C, H, W]. */
export function channelsFirst(data: Float32Array, { batch, size, model }: Job): Float32Array {
  const channels = channelsOf(model);
  const pixels = size * size;
  const y = new Float32Array(data.length);
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++) for (let p = 0; p < pixels; p++) y[(n * channels + c) * pixels + p] = data[(n * pixels + p) * channels + c];
  return y;
}

/** Times an engine of this thread. */
export async function timed(count: number, once: () => unknown): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await once();
    times.push(performance.now() - start);
  }
  return times;
}

/** This process, as a table names it; a page is named by who opened it. */
export const runtime = typeof process === "object" ? `node ${process.version}` : "";

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
