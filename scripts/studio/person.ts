import type { BrowserUnderTest } from "./tab.js";

/** Milliseconds until what does not come is given up: things take seconds, but a machine may have more to do. */
const patience = 240_000;

/** Does in the page what a person does: clicks what is to be seen, drops files, waits for words. */
export class Person {
  constructor(readonly browser: BrowserUnderTest) {}

  private get tab() {
    return this.browser.tab;
  }

  goto(url: string): Promise<void> {
    return this.tab.goto(url);
  }

  evaluate<T, A>(work: (argument: A) => T | Promise<T>, argument?: A): Promise<T> {
    return this.tab.evaluate(work, argument);
  }

  /** Waits until something is true in the page, or of what is asked here. @throws {Error} with what the page shows where it does not come */
  async until(what: string, work: () => unknown, milliseconds = patience): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!(await this.tab.evaluate(work).catch(() => false))) {
      if (Date.now() > end) {
        const shown = await this.tab.evaluate(() => document.body.innerText.slice(0, 1500));
        throw new Error(`${this.browser.name}: waited in vain for ${what}; the page says:\n${shown}\n${this.tab.complaints.join("\n")}`);
      }
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  /** Waits for words in what is to be seen. */
  async sees(words: string, milliseconds = patience): Promise<void> {
    const end = Date.now() + milliseconds;
    const look = (words: string) => document.body.innerText.replaceAll(/\s+/g, " ").includes(words);
    while (!(await this.tab.evaluate(look, words).catch(() => false))) {
      if (Date.now() > end) await this.until(JSON.stringify(words), () => false, 0);
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  /** Clicks a button, link or the like by what it says, or is called. */
  async click(words: string): Promise<void> {
    const find = (words: string) => {
      const dialog = [...document.querySelectorAll("dialog[open]")].at(-1);
      // A button of the step before one of the same name in the header.
      const places = dialog ? [dialog] : [document.querySelector("main"), document];
      const all = places.flatMap((place) => [...(place?.querySelectorAll<HTMLElement>("button, a, summary, label, [role=option]") ?? [])]);
      const seen = all
        .filter((element) => element.checkVisibility() && element.getClientRects().length > 0)
        .map((element) => ({ element, name: element.getAttribute("aria-label") ?? element.innerText.replaceAll(/\s+/g, " ").trim() }))
        .flatMap(({ element, name }) => [name, name.replace(/^\d /, "")].map((name) => ({ element, name })));
      const element = (seen.find(({ name }) => name === words) ?? seen.find(({ name }) => name.startsWith(`${words} `)))?.element;
      if (!element || (element as HTMLButtonElement).disabled) return undefined;
      element.scrollIntoView({ block: "center", behavior: "instant" });
      const { x, y, width, height } = element.getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    };
    const end = Date.now() + patience;
    for (;;) {
      const place = await this.tab.evaluate(find, words);
      if (place) return this.tab.clickAt(place[0], place[1]);
      if (Date.now() > end) await this.until(`something to click that says ${JSON.stringify(words)}`, () => false, 0);
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  /** Writes into the field of a name. */
  async write(label: string, text: string): Promise<void> {
    const work = ({ label, text }: { label: string; text: string }) => {
      const named = [...document.querySelectorAll("label")].find((each) => each.textContent?.includes(label))?.querySelector("input");
      const field = named ?? document.querySelector<HTMLInputElement>(`input[aria-label="${label}"]`);
      if (!field) throw new Error(`no field called ${label}`);
      field.focus();
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    await this.tab.evaluate(work, { label, text });
  }

  /** Chooses files, or a folder, where the page asks for some. */
  choose(button: string, files: readonly string[]): Promise<void> {
    return this.tab.choose(() => this.click(button), files);
  }

  /** Pastes a file that is served with the page. */
  async paste(file: string): Promise<void> {
    const work = async (file: string) => {
      const data = new DataTransfer();
      const blob = await (await fetch(file)).blob();
      data.items.add(new File([blob], "image.png", { type: blob.type }));
      const event = new ClipboardEvent("paste", { bubbles: true });
      // Firefox makes no such event with files.
      Object.defineProperty(event, "clipboardData", { value: data });
      document.body.dispatchEvent(event);
    };
    await this.tab.evaluate(work, file);
  }

  press(key: string): Promise<void> {
    return this.tab.press(key);
  }

  /** Drops files that are served with the page, as the platform would. @param on a class by its name; else the page, or what a selector finds */
  drop(files: readonly string[], on?: string, selector = ".collect"): Promise<void> {
    const work = async ({ files, on, selector }: { files: readonly string[]; on?: string; selector: string }) => {
      const data = new DataTransfer();
      for (const file of files) {
        const blob = await (await fetch(file)).blob();
        data.items.add(new File([blob], decodeURIComponent(file.split("/").at(-1) as string), { type: blob.type }));
      }
      const lines = [...document.querySelectorAll(".class-line")];
      const target = on ? lines.find((line) => line.querySelector(".class-name")?.textContent === on) : document.querySelector(selector);
      if (!target) throw new Error(`no place to drop at: ${on ?? selector}`);
      target.dispatchEvent(new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer: data }));
      target.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
    };
    return this.tab.evaluate(work, { files, on, selector });
  }

  /** Drops a file on the page. */
  dropBytes(bytes: Uint8Array, name: string): Promise<void> {
    const work = ({ text, name }: { text: string; name: string }) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(text), (char) => char.charCodeAt(0))], name));
      document.querySelector(".collect")?.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
    };
    return this.tab.evaluate(work, { text: Buffer.from(bytes).toString("base64"), name });
  }
}
