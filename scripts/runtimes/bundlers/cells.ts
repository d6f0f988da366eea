import { execFile } from "node:child_process";
import { copyFileSync, cpSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { launchChromium } from "../browser.js";
import { type Cell, expectEqual, type Setting } from "../cell.js";
import { quiet } from "../project.js";
import type { Built } from "./bundler.js";
import { judgeDownloads } from "./downloads.js";
import { bundlers as all } from "./index.js";
import { classifyOn, runScenario } from "./visit.js";

const run = promisify(execFile);

interface Outcome {
  readonly same: unknown;
  readonly threads: number;
}

/** Pages and route handlers that every bundler builds of `pages/` give what this Node gives, with and without threads. */
export async function* bundlers({ project: { folder }, programs }: Setting): AsyncIterable<Cell> {
  cpSync(join(import.meta.dirname, "pages"), folder, { recursive: true });
  copyFileSync(join(folder, "jobs/scenario.js"), join(folder, "scenario.js"));
  const packages = all.flatMap((bundler) => Object.entries(bundler.packages).map(([name, version]) => `${name}@${version}`));
  // Their programs come as optional packages: no script of a package runs.
  await run("npm", ["install", "--ignore-scripts", "--no-package-lock", ...quiet, ...packages], { cwd: folder });
  const { same: expected } = (await programs[0].run("jobs/run-scenario.js")) as Outcome;
  const judge = (outcome: unknown, threads: number): string => {
    expectEqual(outcome, { same: expected, threads }, "scores, loss, weights and threads");
    return `${threads > 1 ? `${threads} threads` : "1 thread"}, as ${programs[0].name}`;
  };

  const browser = await launchChromium();
  try {
    for (const bundler of all) {
      const title = `${bundler.name} ${Object.values(bundler.packages)[0]}`;
      let built: Built | undefined;
      yield {
        name: `${title}, build`,
        async run() {
          built = await bundler.build(folder);
          expectEqual(built.warnings, [], "warnings");
          return "no warnings";
        },
      };
      if (!built) continue;
      for (const isolated of [true, false]) {
        const site = await built.serve({ isolated });
        try {
          yield {
            name: `${title}, ${isolated ? "" : "not "}cross-origin isolated`,
            run: async () => judge(await runScenario(browser, site.scenario, { isolated }), isolated ? 2 : 1),
          };
          if (isolated) continue;
          yield {
            name: `${title}, a page that only classifies`,
            run: async () =>
              judgeDownloads(
                await classifyOn(browser, site.classify, join(folder, "node_modules/ocelli/models/resnet20-tiny-imagenet/model.safetensors")),
                join(folder, "node_modules/ocelli/dist"),
              ),
          };
          for (const [name, { url, threads }] of Object.entries(site.routes))
            yield {
              name: `${title}, ${name}`,
              async run() {
                const response = await fetch(url);
                const text = await response.text();
                if (!response.ok) throw new Error(`${response.status}: ${text.slice(0, 1000)}`);
                return judge(JSON.parse(text), threads);
              },
            };
        } finally {
          site.close();
        }
      }
    }
  } finally {
    await browser.close();
  }
}
