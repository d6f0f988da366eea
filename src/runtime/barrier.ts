/**
 * Where the threads of one program meet. The words lie in the first bytes of the model's memory, below all data.
 * Threads spin for a while, because the others are microseconds away, and then sleep, in case they are not.
 */
export interface Barrier {
  readonly words: Int32Array;
  readonly threads: number;
  /** Milliseconds that a thread spins. */
  readonly patience: number;
}

const arrived = 16; // word indices: each on a cache line of its own
const generation = 32;
const sleepers = 48;
const broken = 64;
const calls = 128; // from here on one word for each thread
/**
 * About a scheduler's slice. Two threads that came to lie on one core leave it only while both want to run: whoever
 * sleeps at every call seems to have room there, and the program takes twice as long.
 */
const patience = 4;
/** Where there are more threads than cores one that spins keeps another from working. */
const crowdedPatience = 0.02;
/** Looks between two looks at the clock. */
const looks = 100;
/** Lets the other half of a core work, where the engine knows how. */
const pause: () => void = (Atomics as { pause?: () => void }).pause ?? (() => {});

/** Bytes at the start of a model's memory that belong to the barrier; static data of the kernels begins behind them (`memoryBase` in asconfig.json). */
export const barrierBytes = 1024;
/** Threads that have a word in the barrier's block. */
export const mostThreads = barrierBytes / 4 - calls;
/** Byte at which the counts of `countCalls` begin, int32, one a thread. */
export const callsAddress = 4 * calls;

/** @param crowded whether there are more threads than cores */
export function makeBarrier(buffer: ArrayBufferLike, threads: number, crowded = false): Barrier {
  return { words: new Int32Array(buffer, 0, barrierBytes / 4), threads, patience: crowded ? crowdedPatience : patience };
}

/** Returns when all threads have called it. @throws Error when a thread failed and will never come. */
export function meet({ words, threads, patience }: Barrier): void {
  const current = Atomics.load(words, generation);
  checkBroken(words); // after `current` was read: whoever breaks the barrier later changes the generation
  if (Atomics.add(words, arrived, 1) === threads - 1) {
    Atomics.store(words, arrived, 0);
    Atomics.add(words, generation, 1);
    if (Atomics.load(words, sleepers) > 0) Atomics.notify(words, generation);
    return;
  }
  let end = 0;
  do {
    for (let look = 0; look < looks; look++) {
      if (Atomics.load(words, generation) !== current) return checkBroken(words);
      pause();
    }
    end ||= performance.now() + patience;
  } while (performance.now() < end);
  Atomics.add(words, sleepers, 1);
  while (Atomics.load(words, generation) === current) Atomics.wait(words, generation, current);
  Atomics.sub(words, sleepers, 1);
  checkBroken(words);
}

/** Frees the threads that wait for one that failed; the memory is not used for programs afterwards. */
export function breakBarrier({ words }: Barrier): void {
  Atomics.store(words, broken, 1);
  Atomics.add(words, generation, 1);
  Atomics.notify(words, generation);
}

/** Adds to the kernel calls that a thread has made: proof that it did its share. */
export function countCalls({ words }: Barrier, thread: number, count: number): void {
  Atomics.add(words, calls + thread, count);
}

function checkBroken(words: Int32Array): void {
  if (Atomics.load(words, broken)) throw new Error("another thread of this program failed");
}
