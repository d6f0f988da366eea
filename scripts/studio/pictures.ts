/** The three pictures of the README, `docs/images/studio-*.webp`, of drawn images: `npm run pictures:studio`. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { isolation, serve } from "../../src/cli/runtimes/serve.js";
import { bringPatterns, type Drawing, dropPatterns, patterns } from "./patterns.js";
import { Person } from "./person.js";
import { openChromium } from "./tab.js";

const root = resolve(import.meta.dirname, "../..");
const folder = join(root, "docs/images");
const mostBytes = 60_000;
const perClass = 36;
const kinds = patterns.slice(0, 4);

const server = await serve(join(root, "dist/studio"), { headers: isolation });
const profile = mkdtempSync(join(tmpdir(), "ocelli-studio-pictures-"));
const browser = await openChromium(profile);
const person = new Person(browser);
mkdirSync(folder, { recursive: true });

/** What is to be seen, as WebP of as good a quality as fits. */
async function picture(name: string): Promise<void> {
  const file = join(profile, "shot.png");
  await browser.tab.screenshot(file);
  const text = await person.evaluate(
    async ({ png, mostBytes }) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
      for (let quality = 0.9; ; quality -= 0.05) {
        const blob = await canvas.convertToBlob({ type: "image/webp", quality });
        if (blob.size > mostBytes && quality > 0.1) continue;
        return btoa(Array.from(new Uint8Array(await blob.arrayBuffer()), (byte) => String.fromCharCode(byte)).join(""));
      }
    },
    { png: readFileSync(file).toString("base64"), mostBytes },
  );
  const bytes = Buffer.from(text, "base64");
  writeFileSync(join(folder, `studio-${name}.webp`), bytes);
  console.log(`studio-${name}.webp: ${(bytes.length / 1000).toFixed(0)} kB`);
}

try {
  await person.goto(`${server.origin}/`);
  await person.evaluate(() => localStorage.setItem("theme", "light"));
  await person.goto(`${server.origin}/`);
  await person.sees("Name the classes first");
  await bringPatterns(person);
  await person.click("Name the classes first");
  for (const [kind, name] of kinds.entries()) {
    if (kind > 1) await person.click("Add a class");
    else await person.click(`Class ${kind + 1}`);
    await person.write(`Name of Class ${kind + 1}`, name);
    await person.press("Enter");
    await person.sees(name);
    await dropPatterns(person, { kind, count: perClass, on: name });
    await person.until("them in the class", () => !document.querySelector(".adding") && document.querySelectorAll(".cell img[src]").length >= 20);
  }
  await person.write("Name of the project", "Patterns");
  await person.press("Enter");
  await person.click("All images");
  await person.sees(`All images ${kinds.length * perClass}`);
  await person.until("their thumbnails", () => document.querySelectorAll(".cell img[src]").length >= 40);
  await person.evaluate(() => new Promise((done) => setTimeout(done, 500)));
  await picture("collect");

  await person.click("Teach");
  await person.sees("images in 4 classes");
  await person.click("Settings");
  await person.click("Only the part that decides");
  await person.click("Settings");
  await person.click("Teach");
  await person.sees(`It has learnt ${kinds.length} classes`);
  await person.evaluate(() => new Promise((done) => setTimeout(done, 500)));
  await picture("teach");

  await person.click("Look");
  await person.sees("What it takes for what");
  await person.evaluate(async (turn) => {
    const { drawPattern } = globalThis as unknown as Drawing;
    const data = new DataTransfer();
    data.items.add(new File([await drawPattern(1, turn, "image/jpeg")], "new.jpg", { type: "image/jpeg" }));
    document.querySelector(".try-picture")?.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
  }, perClass + 1);
  await person.until("an answer", () => document.querySelector(".verdict") !== null);
  const cell = await person.evaluate(() => document.querySelectorAll("button.count")[1]?.getAttribute("aria-label") ?? "");
  await person.click(cell);
  await person.click("Look closely at image 1");
  await person.until("a heat map", () => (document.querySelector<HTMLCanvasElement>("dialog canvas")?.height ?? 0) > 150);
  await person.until("twelve images like it", () => document.querySelectorAll("dialog .strip img[src]").length === 12);
  await person.evaluate(() => new Promise((done) => setTimeout(done, 500)));
  await picture("look");
} finally {
  await browser.close();
  await server.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
