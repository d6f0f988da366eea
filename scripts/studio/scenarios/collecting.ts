import { join } from "node:path";
import { checkAccess } from "../access.js";
import { shoot } from "../shots.js";
import type { Scenarios } from "./scenario.js";

export const collecting: Scenarios = {
  async "opens a page for beginners"(person, { origin, shots }) {
    await person.goto(`${origin}/`);
    await person.sees("Teach it to see what you see");
    await checkAccess(person);
    await shoot(person, shots, "1-empty");
  },

  async "takes in 40 images of two classes"(person, { images: { classes }, address, shots }) {
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
      await person.until(`${files.length} images`, () => !document.querySelector(".adding") && document.querySelectorAll(".cell img[src]").length >= 20);
    }
    await person.click("All images");
    await person.sees("All images 40");
    await checkAccess(person);
    await shoot(person, shots, "2-images");
  },

  async "says what it leaves out"(person, { images: { classes }, address, shots }) {
    await person.drop([address(classes[0].files[0]), "/icon.svg"]);
    await person.sees("2 files were left out");
    await person.click("2 files were left out");
    await person.sees(`Already here, in ${classes[0].name}.`);
    await shoot(person, shots, "3-left-out");
    await person.click("Dismiss");
  },

  async "labels by keys, and takes it back"(person, { images: { classes }, shots }) {
    const sizes = () => [...document.querySelectorAll(".class-line .number")].map((element) => element.textContent).join(" ");
    await person.evaluate(() => document.querySelector<HTMLElement>(".virtual-grid")?.focus());
    for (const key of ["Home", "Shift+End", "2"]) await person.press(key);
    await person.until("all 40 in the second class", () => document.querySelectorAll(".class-line .number")[2]?.textContent === "40");
    await shoot(person, shots, "4-selected");
    await person.press("Control+z");
    await person.until("20 and 20 again", () => document.querySelectorAll(".class-line .number")[2]?.textContent === "20");
    await person.press("Control+Shift+z");
    await person.until("all 40 again", () => document.querySelectorAll(".class-line .number")[2]?.textContent === "40");
    await person.press("Control+z");
    await person.press("Escape");
    for (const key of ["Home", "ArrowRight", "ArrowDown", "ArrowLeft"]) await person.press(key);
    await person.until("the one below the first selected, and no other", () => {
      const [first, ...others] = document.querySelectorAll<HTMLElement>(".cell[aria-selected=true]");
      const [a, b] = [document.querySelector(".cell"), first].map((cell) => cell?.getBoundingClientRect());
      return others.length === 0 && a && b && a.x === b.x && b.y > a.y && b.y - a.y < 2 * a.height;
    });
    await person.press("Escape");
    const found = await person.evaluate(sizes);
    if (found !== "40 20 20") throw new Error(`expected 40 20 20 images of ${classes.map(({ name }) => name)}, got ${found}`);
  },

  async "takes in a folder, a pasted image and one by its address"(person, { images: { folder, heldOut, unlike }, address, origin, shots }) {
    const isChromium = person.browser.name === "Chromium";
    // WebDriver answers no question for files in Firefox.
    if (isChromium) {
      await person.choose("Add a folder", [join(folder, "unlike")]);
      await person.sees("unlike");
      await person.sees(`All images ${40 + unlike.length}`);
      await person.click("Undo");
      await person.choose("Add images", [join(folder, heldOut[0])]);
      await person.sees("All images 41");
      await person.click("Undo");
      await person.sees("All images 40");
    }
    await person.paste(address(heldOut[0]));
    await person.sees("All images 41");
    await person.click("Undo");
    await person.click("From the web");
    await person.write("Address of the image", `${origin}/test/nowhere.jpg`);
    await person.click("Add");
    await person.sees("The site answered 404.");
    const { complaints } = person.browser.tab;
    const expected = complaints.findIndex((complaint) => complaint.includes("404"));
    if (expected >= 0) complaints.splice(expected, 1);
    await checkAccess(person);
    await shoot(person, shots, "3-address");
    await person.write("Address of the image", `${origin}${address(heldOut[0])}`);
    await person.click("Add");
    await person.sees("All images 41");
    await person.click("Undo");
    await person.sees("All images 40");
    return isChromium ? undefined : "but the folder: WebDriver chooses no files here";
  },

  async "takes images by the camera, undone in one step"(person, { shots }) {
    await person.click("Camera");
    await person.until("a picture", () => (document.querySelector("video")?.videoWidth ?? 0) > 0);
    await person.until("it mirrored", () => new DOMMatrix(getComputedStyle(document.querySelector("video") as Element).transform).a === -1);
    await person.evaluate(() => document.querySelector("dialog .big")?.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true })));
    await person.until("three images more", () => Number(/(\d+) images in/.exec(document.querySelector("dialog")?.innerText ?? "")?.[1]) >= 23);
    await person.evaluate(() => document.querySelector("dialog .big")?.dispatchEvent(new PointerEvent("pointerup", { bubbles: true })));
    await checkAccess(person);
    await shoot(person, shots, "3-camera");
    await person.until("the last one taken in", () => !document.querySelector(".adding"));
    await person.click("Close");
    await person.click("Undo");
    await person.sees("All images 40");
  },

  async "has everything after the tab was closed"(person, { origin, images: { classes } }) {
    await person.until("everything kept", () => document.querySelector(".saved")?.textContent === "Saved here");
    await person.browser.killTab();
    await person.goto(`${origin}/`);
    for (const { name } of classes) await person.sees(name);
    await person.until("40 thumbnails", () => document.querySelectorAll(".cell img[src]").length >= 20);
    await person.sees("All images 40");
  },
};
