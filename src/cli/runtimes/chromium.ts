import { start } from "./child.js";
import { findPrograms } from "./find-programs.js";
import { runInPage } from "./page.js";
import type { Runtime } from "./runtime.js";

/** Nothing on screen, and nothing asked of a network. */
const flags = [
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-breakpad",
  "--no-first-run",
  "--no-default-browser-check",
  "--password-store=basic",
];
/** Root cannot have Chromium's sandbox. */
const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];

export const chromium: Runtime = {
  name: "Chromium",
  threads: true,
  find: (projects) =>
    findPrograms({
      names: ["chromium", "chromium-browser", "google-chrome", "chrome"],
      variable: "CHROMIUM",
      places: [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
      ],
      projects,
    }),
  run: ({ path, version }, job, options = {}) =>
    runInPage(
      `Chromium ${version}`,
      (url, profile) =>
        start(path, [...flags, ...asRoot, ...(options.flags ?? []), `--user-data-dir=${profile}`, url], { cwd: profile, environment: options.environment }),
      job,
      options,
    ),
};
