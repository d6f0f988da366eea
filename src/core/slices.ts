import { hasNode } from "./environment.js";

/** A computation that may stop for a while at each `yield`. */
export type Slices<T> = Generator<void, T, void>;

/** Milliseconds that this thread works before others get a turn: half of a frame of 60 a second. */
const sliceMilliseconds = 8;
/** Elements that take a millisecond or two to convert. */
const pieceLength = 2 ** 18;
/** When this thread last began a slice. */
let began = 0;

/** All of it at once. */
export function atOnce<T>(work: Slices<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** All of it, but so that a page keeps drawing and hears its user meanwhile, and a server its clients. @throws the signal's reason when aborted */
export async function inSlices<T>(work: Slices<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (isDue()) await giveWay(signal);
  }
}

/** Lets this thread do what else it has to, if it has been at work for a slice's time. @throws the signal's reason when aborted */
export async function giveWay(signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  if (!isDue()) return;
  await nextTurn();
  began = performance.now();
  signal?.throwIfAborted();
}

/** An array of which each piece is made of a piece of another. @throws the signal's reason when aborted */
export async function inPieces<T extends { set(piece: T, at: number): void }>(
  out: T,
  length: number,
  make: (from: number, to: number) => T,
  signal?: AbortSignal,
): Promise<T> {
  for (let at = 0; at < length; at += pieceLength) {
    out.set(make(at, Math.min(length, at + pieceLength)), at);
    await giveWay(signal);
  }
  return out;
}

const isDue = () => performance.now() - began >= sliceMilliseconds;

const waiting: (() => void)[] = [];
let channel: MessageChannel | undefined;

/** Resolves in a task of its own. Timers would make a hidden page wait for a second or a minute; messages do not. Edge functions have neither, but names that throw. */
function nextTurn(): Promise<void> {
  if (hasNode) return new Promise((resolve) => setImmediate(resolve));
  if (!("document" in globalThis || "WorkerGlobalScope" in globalThis)) return Promise.resolve();
  if (!channel) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => waiting.shift()?.();
  }
  const { port2 } = channel;
  return new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(null);
  });
}
