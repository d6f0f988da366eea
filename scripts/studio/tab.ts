import { chromium } from "playwright-core";
import puppeteer, { type ElementHandle, type KeyInput } from "puppeteer-core";
import { browserPath } from "../runtimes/install.js";

/** What the flows need of a tab, whichever browser it is of. */
export interface Tab {
  goto(url: string): Promise<void>;
  evaluate<T, A>(work: (argument: A) => T | Promise<T>, argument?: A): Promise<T>;
  clickAt(x: number, y: number): Promise<void>;
  press(key: string): Promise<void>;
  /** Answers the question for files that a click makes. */
  choose(click: () => Promise<void>, files: readonly string[]): Promise<void>;
  /** Gives files to the first `<input type="file">` that a selector finds. */
  upload(selector: string, files: readonly string[]): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  screenshot(file: string): Promise<void>;
  /** What the page complained of so far. */
  readonly complaints: string[];
}

export interface BrowserUnderTest {
  readonly name: string;
  /** Of the tab that is open now. */
  readonly tab: Tab;
  /** Ends the tab in the middle of what it does, and opens another with the same profile. */
  killTab(): Promise<void>;
  close(): Promise<void>;
}

const size = { width: 1280, height: 800 };
/** Milliseconds until a browser that does not answer is given up. */
const patience = 240_000;
const chromiumFlags = [
  "--disable-gpu",
  "--no-sandbox",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
];

/** The loader of TypeScript wraps functions that have names, also those that are sent to the page. */
const namesOfFunctions = "globalThis.__name = (work) => work;";

/** Chromium, whose camera is a test pattern. */
export async function openChromium(profile: string): Promise<BrowserUnderTest> {
  const executablePath = await browserPath("Chromium");
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: chromiumFlags, viewport: size, timeout: patience });
  context.setDefaultTimeout(patience);
  const open = async (): Promise<Tab & { close(): Promise<void> }> => {
    const page = await context.newPage();
    await page.addInitScript(namesOfFunctions);
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error.stack)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    return {
      complaints,
      goto: async (url) => void (await page.goto(url)),
      evaluate: (work, argument) => page.evaluate(work as never, argument as never),
      clickAt: (x, y) => page.mouse.click(x, y),
      press: (key) => page.keyboard.press(key),
      async choose(click, files) {
        const [chooser] = await Promise.all([page.waitForEvent("filechooser"), click()]);
        await chooser.setFiles([...files]);
      },
      upload: (selector, files) => page.setInputFiles(selector, [...files]),
      resize: (width, height) => page.setViewportSize({ width, height }),
      screenshot: async (path) => void (await page.screenshot({ path })),
      close: () => page.close(),
    };
  };
  let tab = await open();
  return {
    name: "Chromium",
    get tab() {
      return tab;
    },
    async killTab() {
      await tab.close();
      tab = await open();
    },
    close: () => context.close(),
  };
}

/** Firefox, over WebDriver BiDi. */
export async function openFirefox(profile: string): Promise<BrowserUnderTest> {
  const executablePath = await browserPath("Firefox");
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath,
    userDataDir: profile,
    headless: true,
    defaultViewport: size,
    timeout: patience,
    protocolTimeout: patience,
    // A camera with a picture of its own, which asks nobody.
    extraPrefsFirefox: { "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true },
  });
  const open = async (): Promise<Tab & { close(): Promise<void> }> => {
    const page = await browser.newPage();
    page.setDefaultTimeout(patience);
    await page.evaluateOnNewDocument(namesOfFunctions);
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    const upload = async (selector: string, files: readonly string[]) => {
      const input = (await page.waitForSelector(selector)) as ElementHandle<HTMLInputElement>;
      await input.uploadFile(...files);
    };
    return {
      complaints,
      goto: async (url) => void (await page.goto(url)),
      evaluate: (work, argument) => page.evaluate(work as never, argument as never) as never,
      clickAt: (x, y) => page.mouse.click(x, y),
      async press(chord) {
        const keys = chord.split("+") as KeyInput[];
        for (const key of keys.slice(0, -1)) await page.keyboard.down(key);
        await page.keyboard.press(keys.at(-1) as KeyInput);
        for (const key of keys.slice(0, -1)) await page.keyboard.up(key);
      },
      choose: () => Promise.reject(new Error("WebDriver dismisses the question for files")),
      upload,
      resize: (width, height) => page.setViewport({ width, height }),
      screenshot: async (path) => void (await page.screenshot({ path: path as `${string}.png` })),
      close: () => page.close(),
    };
  };
  let tab = await open();
  return {
    name: "Firefox",
    get tab() {
      return tab;
    },
    async killTab() {
      await tab.close();
      tab = await open();
    },
    close: () => browser.close(),
  };
}
