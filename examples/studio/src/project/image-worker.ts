/** Takes images in, reads what is to be seen of them, and packs them up again, where it does not hold up the page. */
import { imageFile, readBlob, removeUnused, store, thumbnailFile } from "./files.js";
import { pack, type PackedImage } from "./pack.js";
import { unpack } from "./unpack.js";

export interface Added {
  readonly id: string;
  readonly type: string;
  readonly bytes: number;
}

export type Task =
  | { readonly do: "add"; readonly file: Blob }
  | { readonly do: "read"; readonly files: readonly string[] }
  | { readonly do: "clean"; readonly used: ReadonlySet<string> }
  | { readonly do: "pack"; readonly manifest: string; readonly images: readonly PackedImage[] }
  | { readonly do: "unpack"; readonly file: Blob };

const thumbnailSide = 224;
/** As the engine's own limit, of which a photo is a fraction. */
const mostBytes = 256 * 2 ** 20;

/** First bytes of what the engine reads. */
const formats: readonly [type: string, pattern: RegExp][] = [
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/png", /^\x89PNG/],
  ["image/gif", /^GIF8/],
  ["image/webp", /^RIFF[^]{4}WEBP/],
  ["image/bmp", /^BM/],
];

async function add(file: Blob): Promise<Added> {
  if (file.size > mostBytes) throw new Error("It is larger than 256 MB.");
  if (file.size === 0) throw new Error("The file is empty.");
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 16).arrayBuffer()));
  const known = formats.find(([, pattern]) => pattern.test(head))?.[0];
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  if (!bitmap) throw new Error(known ? "The image is damaged." : "It is no image that this browser can read.");
  try {
    // AVIF and the like: the browser reads them, other programs with the model may not.
    const kept = known ? file : await drawn(bitmap, bitmap.width, bitmap.height, "image/jpeg", 0.95);
    const bytes = new Uint8Array(await kept.arrayBuffer());
    const id = hex(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 32);
    if (!(await store.open(thumbnailFile(id)))) {
      const thumbnail = await drawn(bitmap, thumbnailSide, thumbnailSide, "image/webp", 0.8);
      await store.write(imageFile(id), [bytes]);
      await store.write(thumbnailFile(id), [new Uint8Array(await thumbnail.arrayBuffer())]);
    }
    return { id, type: known ?? "image/jpeg", bytes: bytes.length };
  } finally {
    bitmap.close();
  }
}

/** The middle of a picture, filling a canvas. */
function drawn(bitmap: ImageBitmap, width: number, height: number, type: string, quality: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
  context.imageSmoothingQuality = "high";
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const [w, h] = [bitmap.width * scale, bitmap.height * scale];
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  return canvas.convertToBlob({ type, quality });
}

const hex = (digest: ArrayBuffer) => Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function firstOf(files: readonly string[]): Promise<Blob | undefined> {
  for (const file of files) {
    const found = await readBlob(file);
    if (found) return found;
  }
}

async function run(task: Task): Promise<unknown> {
  if (task.do === "add") return add(task.file);
  if (task.do === "read") return firstOf(task.files);
  if (task.do === "clean") return removeUnused(task.used);
  return task.do === "pack" ? pack(task.manifest, task.images) : unpack(task.file);
}

addEventListener("message", async ({ data: [id, task] }: MessageEvent<[number, Task]>) => {
  try {
    postMessage([id, await run(task)]);
  } catch (error) {
    postMessage([id, undefined, error]);
  }
});
