import { imageFile, thumbnailFile } from "./files.js";
import type { Added, Task } from "./image-worker.js";
import type { PackedImage } from "./pack.js";
import type { Unpacked } from "./unpack.js";

/** Enough to decode while another one writes; training's threads want the rest. */
const workers = 2;

interface Waiting {
  readonly done: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
}
const waiting = new Map<number, Waiting>();
const started: Worker[] = [];
let asked = 0;

function ask<T>(task: Task): Promise<T> {
  const place = asked % workers;
  started[place] ??= start();
  return new Promise<T>((done, failed) => {
    waiting.set(++asked, { done: done as (value: unknown) => void, failed });
    started[place].postMessage([asked, task]);
  });
}

function start(): Worker {
  const worker = new Worker(new URL("./image-worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data: [id, value, error] }: MessageEvent<[number, unknown, unknown]>) => {
    const { done, failed } = waiting.get(id) as Waiting;
    waiting.delete(id);
    if (error === undefined) done(value);
    else failed(error);
  });
  return worker;
}

// Whatever is about many files is done there: their handles are dear to clear away, thousands of them hold a page for a tenth of a second.

let cleaned: Promise<void> = Promise.resolve();

/** Removes images that the project no longer has, before others come. */
export function cleanImages(used: ReadonlySet<string>): void {
  cleaned = ask<void>({ do: "clean", used }).catch(() => {}); // they go another time
}

/** Keeps an image and its thumbnail. @throws {Error} with a sentence for people */
export async function addImage(file: Blob): Promise<Added> {
  await cleaned;
  return ask({ do: "add", file });
}

/** The first of some files that is there. */
const read = (...files: string[]) => ask<Blob | undefined>({ do: "read", files });

/** The thumbnail of an image, or else the image. */
export const thumbnailBlob = (id: string) => read(thumbnailFile(id), imageFile(id));

export async function imageBlob(id: string): Promise<Blob> {
  const found = await read(imageFile(id));
  if (!found) throw new Error("The browser no longer has this image.");
  return found;
}

/** A zip with a folder for each class. */
export const packImages = (manifest: string, images: readonly PackedImage[]) => ask<Blob>({ do: "pack", manifest, images });

/** The files of a zip. */
export const unpackFiles = (file: Blob) => ask<Unpacked[]>({ do: "unpack", file });
