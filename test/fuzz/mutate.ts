import type { Random } from "../../src/core/random.js";

/** Numbers at which readers break: edges of signed and unsigned types, and just beside them. */
export const edges = [0, 1, -1, 2, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 53, 2 ** 63];
/** Pieces of text that mean something to JSON, paths and objects. */
const words = ["__proto__", "constructor", "../", "/etc/passwd", "\0", '"', "{", "}", "[[[[", "]", ",", ":", "null", "-1", "1e999", "NaN", "\\u0000", "true"];

type Mutation = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

const place = (bytes: Uint8Array, random: Random) => random.integer(Math.max(bytes.length, 1));

/** `count` bytes from `at` replaced by `given`. */
function splice(bytes: Uint8Array, at: number, count: number, given: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length - Math.min(count, bytes.length - at) + given.length);
  out.set(bytes.subarray(0, at));
  out.set(given, at);
  out.set(bytes.subarray(at + count), at + given.length);
  return out;
}

const piece = (bytes: Uint8Array, random: Random, most = 64) => {
  const at = place(bytes, random);
  return bytes.slice(at, at + 1 + random.integer(most));
};

const changed = (bytes: Uint8Array, change: (copy: Uint8Array, view: DataView) => void) => {
  const copy = bytes.slice();
  if (copy.length > 0) change(copy, new DataView(copy.buffer));
  return copy;
};

const mutations: readonly Mutation[] = [
  // one bit
  (bytes, random) =>
    changed(bytes, (copy) => {
      copy[place(copy, random)] ^= 1 << random.integer(8);
    }),
  // one byte
  (bytes, random) =>
    changed(bytes, (copy) => {
      copy[place(copy, random)] = random.integer(256);
    }),
  // a number of 2, 4 or 8 bytes
  (bytes, random) =>
    changed(bytes, (copy, view) => {
      const value = edges[random.integer(edges.length)];
      const width = [2, 4, 8][random.integer(3)];
      const at = place(copy, random);
      if (at + width > copy.length) return;
      if (width === 2) view.setUint16(at, value, true);
      else if (width === 4) view.setUint32(at, value, true);
      else view.setBigInt64(at, BigInt(value), true);
    }),
  // a number in text
  (bytes, random) => {
    const digits = [...bytes.keys()].filter((i) => bytes[i] >= 0x30 && bytes[i] <= 0x39);
    if (digits.length === 0) return bytes;
    const at = digits[random.integer(digits.length)];
    return splice(bytes, at, 1, new TextEncoder().encode(String(edges[random.integer(edges.length)])));
  },
  // a word of text
  (bytes, random) => splice(bytes, place(bytes, random), random.integer(4), new TextEncoder().encode(words[random.integer(words.length)])),
  // an end cut off
  (bytes, random) => bytes.slice(0, place(bytes, random)),
  // a piece cut out
  (bytes, random) => splice(bytes, place(bytes, random), 1 + random.integer(32), new Uint8Array(0)),
  // a piece twice
  (bytes, random) => splice(bytes, place(bytes, random), 0, piece(bytes, random)),
  // a piece of another file
  (bytes, random, others) => splice(bytes, place(bytes, random), random.integer(64), piece(others[random.integer(others.length)], random)),
  // two pieces in each other's place
  (bytes, random) => {
    const given = piece(bytes, random);
    return splice(bytes, place(bytes, random), given.length, given);
  },
];

/** A file with one to eight things wrong with it, the same for the same random stream. */
export function mutate(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let out = bytes;
  for (let left = 1 + random.integer(8); left > 0; left--) out = mutations[random.integer(mutations.length)](out, random, others);
  return out;
}
