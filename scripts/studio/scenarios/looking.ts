import { checkAccess } from "../access.js";
import { shoot } from "../shots.js";
import type { Scenarios } from "./scenario.js";

export const looking: Scenarios = {
  async "knows images that it has not seen"(person, { images: { heldOut, classes }, address, shots }) {
    await person.click("Look");
    const said: string[] = [];
    for (const [i, file] of heldOut.entries()) {
      await person.drop([address(file)], undefined, ".try-picture");
      await person.until("an answer of its own", () => document.querySelectorAll(".bars li").length === 2);
      const best = await person.evaluate(() => document.querySelector<HTMLElement>(".bars .bar-name")?.innerText.trim() ?? "");
      if (best !== classes[i].name) throw new Error(`expected ${classes[i].name} for ${file}, got ${best}`);
      said.push(best);
    }
    await checkAccess(person);
    await shoot(person, shots, "9-look");
    return said.join(", ");
  },

  async "opens the images behind a number, and relabels a mistake"(person, { shots }) {
    const cell = await person.evaluate(() => document.querySelector("button.count")?.getAttribute("aria-label") ?? "");
    await person.click(cell);
    await person.until("the images", () => document.querySelectorAll(".strip button").length > 0);
    await person.click("Look closely at image 1");
    await person.until("what it says of it", () => document.querySelectorAll("dialog .bars li").length === 2);
    await person.until("a heat map", () => (document.querySelector<HTMLCanvasElement>("dialog canvas")?.height ?? 0) > 150);
    await person.until("twelve images like it", () => document.querySelectorAll("dialog .strip img[src]").length === 12);
    await checkAccess(person);
    await shoot(person, shots, "10-closely");
    await person.click("Close");
    const mistakes = () => document.querySelectorAll(".mistake").length;
    const before = await person.evaluate(mistakes);
    if (before === 0) return "made no mistake";
    const remedy = await person.evaluate(() => document.querySelector<HTMLElement>(".mistake .button")?.innerText.trim() ?? "");
    await person.click(remedy);
    await person.sees("Teach again to make use of it.");
    const after = await person.evaluate(mistakes);
    if (after !== before - 1) throw new Error(`expected ${before - 1} mistakes after a relabel, got ${after}`);
    await person.click("Undo");
    return `${before} mistakes, one taken back`;
  },
};
