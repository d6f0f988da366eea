import { checkAccess } from "../access.js";
import type { Person } from "../person.js";
import { shoot } from "../shots.js";
import type { Scenarios } from "./scenario.js";

const round = (person: Person) => person.evaluate(() => Number(/Round\s+(\d+)/.exec(document.body.innerText)?.[1] ?? 0));

export const teaching: Scenarios = {
  async "goes on where it was after the tab was killed while it learnt"(person, { origin, shots }) {
    await person.click("Teach");
    await person.sees("40 images in 2 classes");
    await checkAccess(person);
    await shoot(person, shots, "5-before-teaching");
    await person.click("Teach");
    await person.until("the third round", () => Number(/Round\s+(\d+)/.exec(document.body.innerText)?.[1]) >= 3);
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
    if (!(right > 50)) throw new Error(`expected it to be right on more than 50 % of images kept aside, got ${text}`);
    return `${text} right`;
  },
};
