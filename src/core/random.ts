import { cos, log } from "./math.js";

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** High 32 bits of an unsigned 32 x 32-bit product. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  return (aHigh * bHigh + Math.floor((aLow * bHigh + middle) / 65536)) >>> 0;
}

/**
 * Philox4x32-10: four random words from a 128-bit counter and a 64-bit key, the same bits as `assembly/random.ts`.
 * @param words four words: the counter on entry, the random words on return
 * @see Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"
 */
export function philox(words: Uint32Array, key0: number, key1: number): void {
  let [w0, w1, w2, w3] = words;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(MULTIPLIER_0, w0);
    const high1 = mulHigh(MULTIPLIER_1, w2);
    const low0 = Math.imul(MULTIPLIER_0, w0);
    const low1 = Math.imul(MULTIPLIER_1, w2);
    w0 = (high1 ^ w1 ^ key0) >>> 0;
    w1 = low1 >>> 0;
    w2 = (high0 ^ w3 ^ key1) >>> 0;
    w3 = low0 >>> 0;
    key0 = (key0 + WEYL_0) >>> 0;
    key1 = (key1 + WEYL_1) >>> 0;
  }
  words[0] = w0;
  words[1] = w1;
  words[2] = w2;
  words[3] = w3;
}

/**
 * Random draws on the host that depend on nothing but `(seed, ...stream)` and how many were made before: the same on
 * every engine and for any number of workers. Give every purpose, epoch or sample its own stream.
 *
 * @param seed whole number from 0 to 2^53 - 1
 * @param stream whole numbers of 0 or more that name the sequence, such as `(purpose, epoch, sample)`
 */
export class Random {
  private readonly key0: number;
  private readonly key1: number;
  private readonly words = new Uint32Array(4);
  private block = 0;
  private next = 4;

  constructor(seed: number, ...stream: number[]) {
    let key0 = seed >>> 0;
    let key1 = Math.floor(seed / 2 ** 32) >>> 0;
    stream.forEach((name, depth) => {
      const words = new Uint32Array([name >>> 0, Math.floor(name / 2 ** 32), depth, 1]);
      philox(words, key0, key1);
      [key0, key1] = words;
    });
    this.key0 = key0;
    this.key1 = key1;
  }

  /** A whole number from 0 to 2^32 - 1. */
  word(): number {
    if (this.next === 4) {
      this.words[0] = this.block >>> 0;
      this.words[1] = Math.floor(this.block / 2 ** 32);
      this.words[2] = this.words[3] = 0;
      philox(this.words, this.key0, this.key1);
      this.block++;
      this.next = 0;
    }
    return this.words[this.next++];
  }

  /** A number in `[low, high)` with 53 random bits; default `[0, 1)`. */
  uniform(low = 0, high = 1): number {
    const upper = this.word() >>> 5;
    const lower = this.word() >>> 6;
    return low + (high - low) * ((upper * 2 ** 26 + lower) / 2 ** 53);
  }

  /** A whole number from 0 to `size - 1`, each equally likely; `size` up to 2^32. */
  integer(size: number): number {
    const fair = 2 ** 32 - (2 ** 32 % size);
    let word = this.word();
    while (word >= fair) word = this.word();
    return word % size;
  }

  /** A draw of the normal distribution (Box and Muller 1958). */
  normal(mean = 0, std = 1): number {
    const radius = Math.sqrt(-2 * log(1 - this.uniform()));
    return mean + std * radius * cos(2 * Math.PI * this.uniform());
  }

  /** Puts `items` in random order, in place (Fisher and Yates), and returns them. */
  shuffle<T extends { readonly length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = items[i];
      items[i] = items[j];
      items[j] = kept;
    }
    return items;
  }
}
