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

  async "says what the camera shows"(person) {
    await person.click("Camera");
    await person.until("an answer to what moves", () => {
      const page = globalThis as unknown as { answers?: Set<string> };
      page.answers ??= new Set();
      const answer = document.querySelector("video") && document.querySelector<HTMLElement>(".bars .number")?.title;
      if (answer) page.answers.add(answer);
      return page.answers.size >= 2;
    });
    await person.click("Camera");
    await person.sees("Drop an image here");
  },

  async "opens the images behind a number, and relabels an image that was in the wrong class"(person, { images: { classes }, shots }) {
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
    const sizes = () => [...document.querySelectorAll(".class-line .number")].map((each) => each.textContent).join(" ");
    const before = await person.evaluate(mistakes);
    const [right, wrong] = classes.map(({ name }) => name);
    await person.sees(`You say ${wrong}, it says ${right}`);
    await person.click(`It is ${right}`);
    await person.sees("Teach again to make use of it.");
    const after = await person.evaluate(mistakes);
    if (after !== before - 1) throw new Error(`expected ${before - 1} mistakes after a relabel, got ${after}`);
    await person.click("Collect");
    await person.until("the classes", () => document.querySelectorAll(".class-line .number").length > 0);
    const moved = await person.evaluate(sizes);
    if (moved !== "40 21 19") throw new Error(`expected 40 21 19 images after a relabel, got ${moved}`);
    await person.click("Undo");
    return `${before} mistakes, one of them a wrong label`;
  },
};
