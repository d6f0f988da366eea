import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkAccess } from "../access.js";
import type { Person } from "../person.js";
import { shoot } from "../shots.js";
import { LeftOut, type Scenarios } from "./scenario.js";

const round = (person: Person) => person.evaluate(() => Number(/Round\s+(\d+)/.exec(document.body.innerText)?.[1] ?? 0));

export const teaching: Scenarios = {
  async "shows how images vary, and which learning rate suits"(person, { shots }) {
    await person.click("Teach");
    await person.click("Settings");
    await person.until(
      "six samples",
      () => [...document.querySelectorAll<HTMLCanvasElement>(".samples canvas")].filter(({ width }) => width > 16).length === 6,
    );
    await person.evaluate(() => {
      const sample = () => document.querySelector<HTMLCanvasElement>(".samples canvas")?.toDataURL();
      const before = sample();
      (globalThis as unknown as { isOther: () => boolean }).isOther = () => sample() !== before;
    });
    await person.write("Turned", "45");
    await person.until("a sample that is turned", () => (globalThis as unknown as { isOther: () => boolean }).isOther());
    await person.write("Turned", "0");
    await person.click("Try which suits");
    if (person.browser.name === "Chromium") {
      await person.sees("The line falls best near", 300_000);
      await checkAccess(person);
      await person.evaluate(() => document.querySelector(".plot.pickable")?.scrollIntoView({ block: "end" }));
      await shoot(person, shots, "5-settings");
      await person.click(
        await person.evaluate(() => [...document.querySelectorAll("button")].find(({ innerText }) => /^\s*Use /.test(innerText))?.innerText.trim() ?? ""),
      );
      await person.sees("Chosen by you");
      const chosen = await person.evaluate(() => document.querySelector("fieldset.wide output")?.textContent ?? "");
      await person.click("As they were");
      await person.sees("good as they are for most");
      return `learning rate ${chosen}`;
    }
    await person.sees("Trying ever larger steps");
    await person.click("Stop trying");
    await person.sees("Try which suits");
    return "stopped before it was found, which takes long";
  },

  async "teaches by one button, once a part of the page comes that did not"(person, { origin, shots }) {
    await person.browser.killTab();
    await person.goto(`${origin}/#teach`);
    await person.sees("40 images in 2 classes");
    await checkAccess(person);
    await shoot(person, shots, "5-before-teaching");
    await person.evaluate(() => {
      const page = globalThis as unknown as { mend?: () => void };
      const { fetch } = globalThis;
      globalThis.fetch = (input, options) => (/\.deflated$/.test(String(input)) ? Promise.reject(new TypeError("no network")) : fetch(input, options));
      page.mend = () => {
        globalThis.fetch = fetch;
      };
    });
    await person.click("Teach");
    await person.sees("A part of the studio could not be fetched.");
    await person.evaluate(() => (globalThis as unknown as { mend?: () => void }).mend?.());
    await person.click("Teach");
    await person.sees("It has learnt 2 classes");
    await person.click("Settings");
  },

  async "says what went wrong"(person, { images: { folder }, shots }) {
    if (person.browser.name !== "Chromium") return new LeftOut("WebDriver chooses no files there");
    const file = join(folder, "broken.safetensors");
    writeFileSync(file, "no model");
    await person.choose("A model file of mine", [file]);
    await person.sees("changed");
    await person.click("Teach again");
    await person.sees("Teaching ended with an error.");
    await checkAccess(person);
    await shoot(person, shots, "7-error");
    await person.click("As they were");
    return undefined;
  },

  async "goes on where it was after the tab was killed while it learnt"(person, { origin, shots }) {
    await person.goto(`${origin}/#teach`);
    await person.sees("40 images in 2 classes");
    // Long enough to be seen at work, and killed.
    await person.click("The whole network");
    await person.write("Rounds for the part that decides", "5");
    await person.write("Rounds for the whole network", "20");
    await person.click("End early when it gets no better");
    await person.click("Settings");
    await person.click("Teach again");
    await person.until("the seventh round", () => Number(/Round\s+(\d+)/.exec(document.body.innerText)?.[1]) >= 7);
    await shoot(person, shots, "6-learning");
    const before = await round(person);
    await person.browser.killTab();
    await person.goto(`${origin}/#teach`);
    await person.sees("There is a training to go on with");
    await shoot(person, shots, "6-interrupted");
    await person.click("Go on");
    await person.until("a round", () => /Round\s+\d+/.test(document.body.innerText));
    const after = await round(person);
    if (after < before - 1) throw new Error(`it was in round ${before} and went on with round ${after}`);
    await person.click("Pause");
    await person.sees("Paused");
    await shoot(person, shots, "7-paused");
    await person.click("Go on");
    return `from round ${before} to round ${after}`;
  },

  async "learns them to the end"(person, { shots }) {
    await person.sees("It has learnt 2 classes");
    await checkAccess(person);
    await shoot(person, shots, "8-taught");
    const text = await person.evaluate(() => document.querySelector(".done-percent")?.textContent ?? "");
    const right = Number(/\d+/.exec(text)?.[0]);
    await person.click("Settings");
    await person.click("As they were");
    await person.click("Settings");
    if (!(right > 50)) throw new Error(`expected it to be right on more than 50 % of images kept aside, got ${text}`);
    return `${text} right`;
  },
};
