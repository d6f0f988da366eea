/** What a pair of engines is measured on. */
export interface Job {
  readonly work: "inference" | "training";
  readonly model: string;
  /** Side of the image in pixels. */
  readonly size: number;
  readonly batch: number;
  readonly threads: number;
  /** Ours. */
  readonly build: string;
  readonly peer: string;
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
  /** Where nothing else can be: batch 1 or one thread whatever the job says. */
  readonly threads?: number;
  /** Results to compare, before anything is timed: logits; for training, then also the losses of the first steps, where nothing is random. */
  outputs(): Promise<Float32Array[]>;
  /** Runs `count` times: milliseconds of each. */
  run(count: number): Promise<number[]>;
  /** Largest resident set of the engine's process so far, in MB, where the process is its own. */
  peakRss?(): Promise<number>;
  close(): Promise<void> | void;
}

/** Steps of training whose losses are compared. */
export const comparedSteps = 3;
export const classesOf = (work: Job["work"]): number => (work === "training" ? 10 : 1000);
export const channelsOf = (model: string): number => (model === "small_cnn" ? 1 : 3);

/** Of SGD; so small that losses of the first steps depend on the gradients smoothly. */
export const learningRate = 1e-5;
export const momentum = 0.9;

/** Weights of a job, under PyTorch's names. */
export const weightsOf = ({ work, model, size }: Job): string => (work === "training" ? `train-${model}-${size}.safetensors` : `${model}.safetensors`);

/** The same images for every engine: [N, H, W, C], values from -1 to 1. */
export function images({ batch, size, model }: Job): Float32Array {
  return Float32Array.from({ length: batch * size * size * channelsOf(model) }, (_, i) => ((i * 40503) % 65521) / 32768 - 1);
}

/** The same classes for every engine. */
export const labels = ({ batch, work }: Job): Int32Array => Int32Array.from({ length: batch }, (_, i) => i % classesOf(work));

/** [N, H, W, C] to [N, C, H, W]. */
export function channelsFirst(data: Float32Array, { batch, size, model }: Job): Float32Array {
  const channels = channelsOf(model);
  const pixels = size * size;
  const y = new Float32Array(data.length);
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++) for (let p = 0; p < pixels; p++) y[(n * channels + c) * pixels + p] = data[(n * pixels + p) * channels + c];
  return y;
}

/** Times an engine of this process. */
export async function timed(count: number, once: () => unknown): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await once();
    times.push(performance.now() - start);
  }
  return times;
}

/** This process, as a table names it. */
export const runtime = `node ${process.version}`;
