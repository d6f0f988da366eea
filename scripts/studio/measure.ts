/**
 * What the studio is to reach, measured in Chromium on a quiet machine: `npm run bench:studio`. One line a bar; nothing fails, because what
 * else runs on a machine decides as much as the page does.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { isolation, serve } from "../../src/cli/runtimes/serve.js";
import { bringPatterns, dropPatterns } from "./patterns.js";
import { Person } from "./person.js";
import { openChromium } from "./tab.js";
import { keepThousands, scrollThrough } from "./thousands.js";

const count = 200;
const side = 224;
const visits = 5;

const server = await serve(resolve(import.meta.dirname, "../../dist/studio"), { headers: isolation });
const { origin } = server;

/** Runs in a browser that has never seen the page. */
async function afresh<T>(work: (person: Person) => Promise<T>): Promise<T> {
  const profile = mkdtempSync(join(tmpdir(), "ocelli-studio-bench-"));
  const browser = await openChromium(profile);
  try {
    return await work(new Person(browser));
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Milliseconds from the beginning of the visit until the page is drawn, and no long task keeps it from answering. */
async function untilInteractive(person: Person): Promise<number> {
  await person.goto(`${origin}/`);
  await person.sees("Teach it to see what you see");
  return person.evaluate(async () => {
    const tasks: PerformanceEntry[] = [];
    const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
    observer.observe({ type: "longtask", buffered: true });
    await new Promise((done) => setTimeout(done, 1500));
    observer.disconnect();
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    return Math.max(paint.startTime, ...tasks.map(({ startTime, duration }) => startTime + duration));
  });
}

interface Seen {
  readonly at: number;
  readonly round: number;
  readonly title: string;
}

/** Drops drawn images of two classes, teaches them, and notes what the page says when. */
async function teach(person: Person): Promise<{ start: number; seen: readonly Seen[] }> {
  await person.goto(`${origin}/`);
  await bringPatterns(person);
  await person.click("Name the classes first");
  for (const kind of [0, 1]) {
    await person.click(`Class ${kind + 1}`);
    await dropPatterns(person, { kind, count: count / 2, on: `Class ${kind + 1}` });
    await person.sees(`All images ${((kind + 1) * count) / 2}`);
  }
  await person.until("everything kept", () => document.querySelector(".saved")?.textContent === "Saved here");
  await person.click("Teach");
  await person.sees(`${count} images in 2 classes`);
  await person.click("Settings");
  await person.click("Only the part that decides");
  await person.evaluate(() => {
    const page = globalThis as unknown as { seen: Seen[]; start: number };
    page.seen = [];
    new MutationObserver(() => {
      const round = Number(/Round\s+(\d+)/.exec(document.body.innerText)?.[1] ?? 0);
      const title = document.querySelector(".running h2")?.textContent ?? document.querySelector(".done h2")?.textContent ?? "";
      page.seen.push({ at: performance.now(), round, title });
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
    addEventListener("click", () => (page.start = performance.now()), { capture: true });
  });
  await person.click("Teach");
  await person.sees("It has learnt 2 classes");
  return person.evaluate(() => {
    const { seen, start } = globalThis as unknown as { seen: Seen[]; start: number };
    return { seen, start };
  });
}

const print = (what: string, bar: string, found: string) => console.log(`${what.padEnd(58)} ${bar.padEnd(10)} ${found}`);
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;

try {
  console.log(`${availableParallelism()} threads, load ${loadavg()[0].toFixed(1)}`);
  const times: number[] = [];
  for (let i = 0; i < visits; i++) times.push(await afresh(untilInteractive));
  times.sort((a, b) => a - b);
  print(`interactive, first visit (median of ${visits})`, "< 1 s", `${seconds(times[visits >> 1])} (${seconds(times[0])} to ${seconds(times[visits - 1])})`);

  const { start, seen } = await afresh(teach);
  const looking = seen.filter(({ title }) => title.startsWith("Looking"));
  const rounds = seen.filter(({ round }) => round > 0);
  const [first, last] = [rounds[0], rounds[rounds.length - 1]];
  const whole = first.at - start;
  print(
    `${count} images of ${side} px: from the button to the first round`,
    "< 6 s",
    `${seconds(whole)}, of which ${seconds(first.at - looking[0].at)} in the network`,
  );
  print(
    "a round on them afterwards",
    "< 1 s",
    `${seconds((last.at - first.at) / Math.max(1, last.round - first.round))} (mean of ${last.round - first.round})`,
  );

  const { scrolled, little } = await afresh(async (person) => {
    await keepThousands(person, origin, 5000);
    return scrollThrough(person);
  });
  print(
    "longest task while 5,000 thumbnails scroll by",
    "<= 50 ms",
    `${scrolled ? `${Math.round(scrolled)} ms` : "none over 50 ms"} (with 8 ms of work in a frame: ${little ? `${Math.round(little)} ms` : "none"})`,
  );
} finally {
  await server.close();
}
