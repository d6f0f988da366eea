import { bringPatterns, type Drawing, patternColors, patterns } from "./patterns.js";
import type { Person } from "./person.js";

/** Milliseconds from which on a task is long (W3C, "Long Tasks API"). */
export const longTask = 50;
/** Times what a page is held that works a little in each frame and does nothing else: what it may be held without it being its own doing. */
const noise = 2;
/** What else runs on the machine holds the page now and then, what the page does holds it each time. */
const tries = 3;

/** Puts a project of so many drawn images where the page keeps its own; the page must not be open. */
export async function keepThousands(person: Person, origin: string, count: number): Promise<void> {
  await person.browser.killTab();
  await person.goto(`${origin}/icon.svg`);
  await bringPatterns(person);
  const work = async ({ count, names, colors }: { count: number; names: readonly string[]; colors: readonly string[] }) => {
    const { drawPattern } = globalThis as unknown as Drawing;
    const blobs = await Promise.all(
      Array.from({ length: 16 * names.length }, async (_, i) => (await drawPattern(i % names.length, Math.floor(i / names.length))).arrayBuffer()),
    );
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("ocelli-studio", { create: true });
    for await (const name of (root as unknown as { keys(): AsyncIterable<string> }).keys()) await root.removeEntry(name, { recursive: true });
    const folder = await root.getDirectoryHandle("thumbnails", { create: true });
    const write = async (place: FileSystemDirectoryHandle, name: string, content: BufferSource | string) => {
      const stream = await (await place.getFileHandle(name, { create: true })).createWritable();
      await stream.write(content);
      await stream.close();
    };
    const images = Array.from({ length: count }, (_, i) => {
      const kind = Math.floor((names.length * i) / count);
      const id = ((i * 2654435761) >>> 0).toString(16).padStart(8, "0").repeat(4);
      return { id, name: `${names[kind]} ${i}.webp`, label: `class-${kind}`, type: "image/webp", bytes: 4000, picture: kind + names.length * (i % 16) };
    });
    const folders = new Map<string, Promise<FileSystemDirectoryHandle>>();
    for (const { id } of images) if (!folders.has(id.slice(0, 2))) folders.set(id.slice(0, 2), folder.getDirectoryHandle(id.slice(0, 2), { create: true }));
    const queue = images[Symbol.iterator]();
    const next = async () => {
      for (const { id, picture } of queue) await write((await folders.get(id.slice(0, 2))) as FileSystemDirectoryHandle, id, blobs[picture]);
    };
    await Promise.all(Array.from({ length: 16 }, next));
    const classes = names.map((name, kind) => ({ id: `class-${kind}`, name, color: colors[kind] }));
    const project = { version: 1, name: "Patterns", classes, images: images.map(({ picture, ...image }) => image) };
    await write(root, "project.json", JSON.stringify(project));
  };
  await person.evaluate(work, { count, names: patterns, colors: patternColors });
  // What this page left behind is not the studio's to clear away.
  await person.browser.killTab();
  await person.goto(`${origin}/`);
  await person.until("the thumbnails", () => document.querySelectorAll(".cell img[src]").length >= 20);
}

interface Held {
  /**
   * Milliseconds of the longest task: while the page was held for 120 ms, worked for 8 ms in each frame, and scrolled from end to end in seconds,
   * then slowly back.
   */
  readonly blocked: number;
  readonly little: number;
  readonly scrolled: number;
}

/** How long the page's thread is held at a stretch while all images go by. */
async function scrollOnce(person: Person): Promise<Held> {
  return person.evaluate(async () => {
    let longest = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
    });
    observer.observe({ type: "longtask" });
    const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
    const during = async (work: () => Promise<unknown>) => {
      await pause(300);
      longest = 0;
      await work();
      await pause(300);
      return longest;
    };
    const hold = (milliseconds: number) => {
      const end = performance.now() + milliseconds;
      while (performance.now() < end);
    };
    const blocked = await during(async () => hold(120));
    const frames = 240;
    const little = await during(async () => {
      for (let i = 0; i < frames; i++) {
        hold(8);
        await new Promise(requestAnimationFrame);
      }
    });
    const grid = document.querySelector(".virtual-grid") as HTMLElement;
    const scroll = async (from: number, to: number) => {
      for (let i = 0; i <= frames; i++) {
        grid.scrollTop = from + ((to - from) * i) / frames;
        await new Promise(requestAnimationFrame);
      }
    };
    const whole = grid.scrollHeight - grid.clientHeight;
    const flung = await during(() => scroll(0, whole));
    // Slowly enough for each thumbnail to be read and seen.
    const read = await during(() => scroll(whole, whole - 40 * frames));
    observer.disconnect();
    return { blocked, little, scrolled: Math.max(flung, read) };
  });
}

/** @returns the best of a few times. @throws {Error} where the page is held for 120 ms, and that is not seen */
export async function scrollThrough(person: Person): Promise<Held & { readonly isSmooth: boolean }> {
  let best: Held | undefined;
  const isSmooth = ({ scrolled, little }: Held) => scrolled <= longTask || scrolled <= noise * little;
  for (let i = 0; i < tries && !(best && isSmooth(best)); i++) {
    const found = await scrollOnce(person);
    if (!(found.blocked >= 100)) throw new Error(`the page was held for 120 ms, and ${found.blocked} were seen`);
    if (!best || found.scrolled < best.scrolled) best = found;
  }
  const found = best as Held;
  return { ...found, isSmooth: isSmooth(found) };
}
