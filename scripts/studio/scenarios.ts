import type { TestImages } from "./images.js";
import type { Person } from "./person.js";

export interface Setting {
  readonly images: TestImages;
  readonly origin: string;
  /** Folder of screenshots. */
  readonly shots: string;
  /** Where a file of the images is served. */
  address(file: string): string;
}

export type Scenario = (person: Person, setting: Setting) => Promise<string | void>;

const openStudio: Scenario = async (person, { origin }) => {
  await person.goto(`${origin}/index.html`);
  await person.sees("Teach it to see what you see");
};

const collect: Scenario = async (person, { images: { classes }, address }) => {
  await person.click("Name the classes first");
  for (const [i, { name, files }] of classes.entries()) {
    await person.click(`Class ${i + 1}`);
    await person.evaluate((name) => {
      const input = document.querySelector<HTMLInputElement>(".class-editor input");
      if (!input) throw new Error("no name to edit");
      input.focus();
      input.value = name;
      input.blur();
    }, name);
    await person.sees(name);
    await person.drop(files.map(address), name);
    await person.until(`${files.length} images`, () => document.querySelector(".adding") === null && document.querySelectorAll(".cell img[src]").length >= 20);
  }
  await person.click("All images");
  await person.sees("40");
};

const leaveOut: Scenario = async (person, { images: { classes }, address }) => {
  await person.drop([address(classes[0].files[0])]);
  await person.sees("1 file was left out");
  await person.click("1 file was left out");
  await person.sees(`Already here, in ${classes[0].name}.`);
  await person.click("Dismiss");
};

const teach: Scenario = async (person) => {
  await person.click("Teach");
  await person.sees("40 images in 2 classes");
  await person.click("Teach");
  await person.sees("It has learnt 2 classes");
  return person.evaluate(() => document.querySelector(".done-percent")?.textContent ?? "no result");
};

const reload: Scenario = async (person, { origin, images: { classes } }) => {
  await person.until("everything kept", () => document.querySelector(".saved")?.textContent === "Saved here");
  await person.browser.killTab();
  await person.goto(`${origin}/index.html`);
  for (const { name } of classes) await person.sees(name);
  await person.until("40 thumbnails", () => document.querySelectorAll(".cell img[src]").length >= 20);
  await person.sees("All images 40");
};

export const scenarios: Record<string, Scenario> = {
  "opens a page for beginners": openStudio,
  "takes in 40 images of two classes": collect,
  "says what it leaves out": leaveOut,
  "learns them to the end": teach,
  "has everything after the tab was closed": reload,
};
