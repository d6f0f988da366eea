import type { Scenarios } from "./scenario.js";

export const leaving: Scenarios = {
  async "works without a network once it was there"(person, { origin, stopServer, startServer, images: { classes } }) {
    await person.until("a service worker", () => navigator.serviceWorker.ready.then(({ active }) => active?.state === "activated"));
    await person.until("everything kept", () => document.querySelector(".saved")?.textContent === "Saved here");
    await stopServer();
    try {
      await person.browser.killTab();
      await person.goto(`${origin}/`);
      for (const { name } of classes) await person.sees(name);
      await person.until("threads", () => crossOriginIsolated);
      await person.click("Teach");
      await person.click("Teach again");
      await person.until("the second round", () => Number(/Round\s+(\d+)/.exec(document.body.innerText)?.[1]) >= 2);
      await person.click("Stop here");
      await person.sees("It has learnt 2 classes");
    } finally {
      await startServer();
    }
  },
};
