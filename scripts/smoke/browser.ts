/** Runs the scenario in a page of the system's Chromium. */
import { chromium, type Browser } from "playwright-core";

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Each launch has a new profile. `CHROMIUM` names the program where it is not Debian's. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
}

/** Opens `url`, which sets `globalThis.outcome`, and gives its value. Anything asked of another origin is an error. */
export async function runInPage(browser: Browser, url: string, { isolated }: { isolated: boolean }): Promise<unknown> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  const warnings: string[] = [];
  page.on("response", (response) => response.status() >= 400 && complaints.push(`${response.status()} for ${response.url()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("console", (message) => message.type() === "warning" && warnings.push(message.text()));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(url).origin) complaints.push(`asked for ${request.url()}`);
  });
  try {
    await page.goto(url);
    await page.waitForFunction(() => "outcome" in globalThis, undefined, { timeout: 60_000 }).catch(() => complaints.push("the page's module did not run"));
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
    if ((await page.evaluate(() => crossOriginIsolated)) !== isolated) throw new Error(`expected crossOriginIsolated ${isolated}`);
    const outcome = await page.evaluate(() => (globalThis as unknown as { outcome: Promise<{ value?: unknown; error?: string }> }).outcome);
    if (outcome.error) complaints.unshift(outcome.error);
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
    const threadWarnings = warnings.filter((text) => text.includes("Cross-Origin-Opener-Policy")).length;
    if (threadWarnings !== (isolated ? 0 : 1)) throw new Error(`expected ${isolated ? "no warning" : "one warning"} about threads, got ${threadWarnings}`);
    return outcome.value;
  } finally {
    await context.close();
  }
}
