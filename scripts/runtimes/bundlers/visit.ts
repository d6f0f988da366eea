import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";

/** What a page that classifies has downloaded, as text. */
export interface Downloads {
  /** Before it was asked for anything. */
  readonly initial: string;
  /** Until it had classified an image. */
  readonly all: string;
}

/** Opens the page that runs the scenario. Errors, missing files, other origins and a wrong number of warnings about threads fail. */
export function runScenario(browser: Browser, url: string, { isolated }: { isolated: boolean }): Promise<unknown> {
  return onPage(browser, url, async (page, { warnings }) => {
    await page.waitForFunction(() => "outcome" in globalThis, undefined, { timeout: 60_000 });
    if ((await page.evaluate(() => crossOriginIsolated)) !== isolated) throw new Error(`expected crossOriginIsolated ${isolated}`);
    const { value, error } = await page.evaluate(() => (globalThis as unknown as { outcome: Promise<{ value?: unknown; error?: string }> }).outcome);
    if (error) throw new Error(error);
    const ofThreads = warnings.filter((text) => text.includes("Cross-Origin-Opener-Policy")).length;
    if (ofThreads !== (isolated ? 0 : 1)) throw new Error(`expected ${isolated ? "no warning" : "one warning"} about threads, got ${ofThreads}`);
    return value;
  });
}

/** Opens the page that does nothing but classify, and has it classify grey with a model. */
export function classifyOn(browser: Browser, url: string, modelFile: string): Promise<Downloads> {
  return onPage(browser, url, async (page, { scripts }) => {
    await page.waitForFunction(() => "classify" in globalThis, undefined, { timeout: 60_000 });
    await page.waitForLoadState("networkidle");
    const initial = (await Promise.all(scripts)).join("\n");
    const best = await page.evaluate(
      async (text) => {
        const { classify } = globalThis as unknown as { classify(file: Uint8Array, image: object): Promise<{ label: string; score: number }> };
        const file = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
        return classify(file, { data: new Uint8Array(32 * 32 * 3).fill(128), width: 32, height: 32, channels: 3 });
      },
      readFileSync(modelFile, "base64"),
    );
    if (!(best.score > 0 && best.score <= 1)) throw new Error(`expected a score, got ${JSON.stringify(best)}`);
    return { initial, all: (await Promise.all(scripts)).join("\n") };
  });
}

interface Seen {
  readonly warnings: readonly string[];
  /** Texts of the scripts that were downloaded. */
  readonly scripts: readonly Promise<string>[];
}

/** Does something with a page of its own. What goes wrong on the page comes first in the error. */
async function onPage<T>(browser: Browser, url: string, use: (page: Page, seen: Seen) => Promise<T>): Promise<T> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  const warnings: string[] = [];
  const scripts: Promise<string>[] = [];
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} for ${response.url()}`);
    else if (new URL(response.url()).pathname.endsWith(".js")) scripts.push(response.text().catch(() => "")); // a page that is closed has none
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
    if (message.type() === "warning") warnings.push(message.text());
  });
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(url).origin) complaints.push(`asked for ${request.url()}`);
  });
  try {
    await page.goto(url);
    const result = await use(page, { warnings, scripts }).catch((error: Error) => void complaints.push(error.message));
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
    return result as T;
  } finally {
    await context.close();
  }
}
