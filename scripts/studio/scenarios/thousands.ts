import { checkAccess } from "../access.js";
import { shoot } from "../shots.js";
import { keepThousands, scrollThrough } from "../thousands.js";
import { LeftOut, type Scenarios } from "./scenario.js";

export const thousands: Scenarios = {
  async "stays smooth with 5,000 images"(person, { origin, shots }) {
    if (person.browser.name !== "Chromium") return new LeftOut("it tells of no long tasks");
    await keepThousands(person, origin, 5000);
    await person.sees("All images 5,000");
    await checkAccess(person);
    await shoot(person, shots, "12-thousands");
    const { little, scrolled, isSmooth } = await scrollThrough(person);
    await person.until("all thumbnails in sight", () => document.querySelectorAll(".cell").length > 20 && !document.querySelector(".cell img:not([src])"));
    if (!isSmooth) throw new Error(`scrolling held the page for ${Math.round(scrolled)} ms, working 8 ms in a frame for ${Math.round(little)} ms`);
    return scrolled === 0 ? "no task over 50 ms" : `longest task ${Math.round(scrolled)} ms, with 8 ms of work in a frame ${Math.round(little)} ms`;
  },
};
