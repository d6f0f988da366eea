import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { RunOptions } from "../../src/cli/runtimes/index.js";
import type { Installed } from "./cell.js";
import { openMilestones } from "./milestones.js";
import { makeProfile } from "./profile.js";

/** Runs a job in a browser that lets a page keep about 10 MB, from when the job has fetched its input's `milestone`. */
export async function runWithQuota(installed: Installed, module: string, input: object): Promise<unknown> {
  const { kept, remove } = await makeProfile();
  const isChromium = installed.runtime.name === "Chromium";
  let release = async () => {};
  const { milestone, close } = await openMilestones(async () => {
    if (isChromium) release = await limitChromium(kept.profile, `http://127.0.0.1:${kept.port}`, 10e6);
  });
  // A group of origins gets a fifth of Firefox' limit (in KiB), and no less than 10 MiB.
  const options: RunOptions = isChromium
    ? { flags: ["--remote-debugging-port=0"] }
    : { preferences: { "dom.quotaManager.temporaryStorage.fixedLimit": 50 * 1024 } };
  try {
    return await installed.run(module, { ...input, milestone }, { ...kept, ...options });
  } finally {
    close();
    await release();
    remove();
  }
}

/** Holds as long as the connection does. @returns what ends it */
async function limitChromium(profile: string, origin: string, quotaSize: number): Promise<() => Promise<void>> {
  const file = join(profile, "DevToolsActivePort");
  while (!existsSync(file)) await new Promise((done) => setTimeout(done, 50));
  const [port] = readFileSync(file, "utf8").split("\n");
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
  const page = browser
    .contexts()
    .flatMap((context) => context.pages())
    .find((page) => page.url().startsWith(origin));
  if (!page) throw new Error(`Chromium has no page of ${origin}`);
  const session = await page.context().newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize });
  return () => browser.close();
}
