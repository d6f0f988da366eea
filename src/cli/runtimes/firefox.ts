import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { start } from "./child.js";
import { findPrograms } from "./find-programs.js";
import { runInPage } from "./page.js";
import type { Runtime } from "./runtime.js";

/** Nothing is asked of a network, and nothing is in the way of the page. */
const preferences = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.safebrowsing.downloads.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.sessionstore.resume_from_crash": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,",
  "toolkit.startup.max_resumed_crashes": -1,
  "toolkit.telemetry.enabled": false,
};

export const firefox: Runtime = {
  name: "Firefox",
  threads: true,
  find: (projects) =>
    findPrograms({
      names: ["firefox", "firefox-esr"],
      variable: "FIREFOX",
      places: ["/Applications/Firefox.app/Contents/MacOS/firefox", "C:\\Program Files\\Mozilla Firefox\\firefox.exe"],
      projects,
    }),
  run: ({ path, version }, job, options = {}) =>
    runInPage(
      `Firefox ${version}`,
      (url, profile) => {
        const lines = Object.entries({ ...preferences, ...options.preferences }).map(
          ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
        );
        writeFileSync(join(profile, "user.js"), lines.join(""));
        const args = ["--headless", "--no-remote", "--profile", profile, ...(options.flags ?? []), url];
        return start(path, args, { cwd: profile, environment: { HOME: profile, ...options.environment } });
      },
      job,
      options,
    ),
};
