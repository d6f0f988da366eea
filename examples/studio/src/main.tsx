import "./design/tokens.css";
import "./design/base.css";
import "./design/controls.css";
import "./app.css";
import { render } from "preact";
import { App } from "./app.js";
import { Elsewhere } from "./elsewhere.js";
import { registerServiceWorker } from "./offline/register.js";
import { findRun } from "./teach/session.js";
import { openProject } from "./project/state.js";
import { openTrained } from "./project/trained.js";

/** Milliseconds that a page which is being reloaded has to let go of the project. */
const patience = 1500;

/** Resolves once no other tab has the project: two that write it would lose each other's work. */
function whenAlone(others: () => void): Promise<void> {
  return new Promise((alone) => {
    const timer = setTimeout(others, patience);
    void navigator.locks.request("ocelli studio", () => {
      clearTimeout(timer);
      alone();
      return new Promise(() => {}); // held as long as the page is there
    });
  });
}

const place = document.getElementById("studio") as HTMLElement;
await whenAlone(() => render(<Elsewhere />, place));
await openProject();
await openTrained();
await findRun();
render(<App />, place);
registerServiceWorker();
