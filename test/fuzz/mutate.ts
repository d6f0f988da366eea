import type { Random } from "../../src/core/random.js";

/** Numbers at which readers break: edges of signed and unsigned types, and just beside them. */
export const edges = [0, 1, -1, 2, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 53, 2 ** 63];
/** Pieces of text that mean something to JSON, paths and objects. */
const words = ["__proto__", "constructor", "../", "/etc/passwd", "\0", '"', "{", "}", "[[[[", "]", ",", ":", "null", "-1", "1e999", "NaN", "\\u0000", "true"];

/** One of a list. */
export const pick = <T>(list: readonly T[], random: Random): T => list[random.integer(list.length)];

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
      const value = pick(edges, random);
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
    const at = pick(digits, random);
    return splice(bytes, at, 1, new TextEncoder().encode(String(pick(edges, random))));
  },
  // a word of text
  (bytes, random) => splice(bytes, place(bytes, random), random.integer(4), new TextEncoder().encode(pick(words, random))),
  // an end cut off
  (bytes, random) => bytes.slice(0, place(bytes, random)),
  // a piece cut out
  (bytes, random) => splice(bytes, place(bytes, random), 1 + random.integer(32), new Uint8Array(0)),
  // a piece twice
  (bytes, random) => splice(bytes, place(bytes, random), 0, piece(bytes, random)),
  // a piece of another file
  (bytes, random, others) => splice(bytes, place(bytes, random), random.integer(64), piece(pick(others, random), random)),
  // two pieces in each other's place
  (bytes, random) => {
    const given = piece(bytes, random);
    return splice(bytes, place(bytes, random), given.length, given);
  },
];

/** A file with one to eight things wrong with it, the same for the same random stream. */
export function mutate(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let out = bytes;
  for (let left = 1 + random.integer(8); left > 0; left--) out = pick(mutations, random)(out, random, others);
  return out;
}

/** The same JSON with one to four of its values, keys or items changed, moved or left out. */
export function mutateJson(json: unknown, random: Random): unknown {
  const copy: unknown = structuredClone(json);
  const places: { readonly holder: Record<string, unknown>; readonly key: string }[] = [];
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const key of Object.keys(value)) {
      places.push({ holder: value as Record<string, unknown>, key });
      visit((value as Record<string, unknown>)[key]);
    }
  };
  visit(copy);
  for (let left = 1 + random.integer(4); left > 0 && places.length > 0; left--) {
    const { holder, key } = pick(places, random);
    const other = pick(places, random);
    pick(
      [
        () => (holder[key] = pick([...edges, -1, 0.5, 1e300], random)),
        () => (holder[key] = pick(words, random)),
        () => (holder[key] = pick<unknown>([null, true, [], {}, [[]], "", [1, 2]], random)),
        () => (holder[key] = structuredClone(other.holder[other.key])),
        () => Reflect.deleteProperty(holder, key),
        () => Object.defineProperty(holder, pick(words, random), { value: holder[key], enumerable: true, configurable: true, writable: true }),
        () => Array.isArray(holder) && holder.push(structuredClone(holder[key])),
      ],
      random,
    )();
  }
  return copy;
}
