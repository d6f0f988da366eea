import { cpSync, copyFileSync } from "node:fs";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { judgeDownloads } from "./downloads.js";
import { bundlers } from "./index.js";
import { classifyOn, runScenario } from "./visit.js";

const run = promisify(execFile);

interface Cells {
  /** Runs `work`, counts it, and says in one line how it went. */
  cell(name: string, work: () => Promise<string>): Promise<void>;
  /** Judges the outcome of the scenario by that of other runtimes. */
  judge(outcome: unknown, threads: number): string;
  readonly browser: Browser;
  readonly only?: string;
}

/**
 * Builds pages with every bundler and runs them in a browser, with and without threads.
 *
 * @param project has the packed package installed; the bundlers are installed beside it @param scenario the module that every page runs
 */
export async function bundlerCells(project: string, scenario: string, { cell, judge, browser, only }: Cells): Promise<void> {
  cpSync(join(import.meta.dirname, "pages"), project, { recursive: true });
  copyFileSync(scenario, join(project, "scenario.js"));
  const packages = bundlers.flatMap((bundler) => Object.entries(bundler.packages).map(([name, version]) => `${name}@${version}`));
  // Their programs come as optional packages: no script of a package runs.
  await run("npm", ["install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error", ...packages], { cwd: project });
  for (const bundler of bundlers.filter(({ name }) => !only || name === only)) {
    const [version] = Object.values(bundler.packages);
    const title = `${bundler.name} ${version}`;
    let built: Awaited<ReturnType<typeof bundler.build>> | undefined;
    await cell(`${title}, build`, async () => {
      const { warnings } = (built = await bundler.build(project));
      if (warnings.length > 0) throw new Error(`warned:\n${warnings.join("\n")}`);
      return "no warnings";
    });
    if (!built) continue;
    for (const isolated of [true, false]) {
      const site = await built.serve({ isolated });
      try {
        await cell(`${title}, ${isolated ? "" : "not "}cross-origin isolated`, async () =>
          judge(await runScenario(browser, site.scenario, { isolated }), isolated ? 2 : 1),
        );
        if (isolated) continue;
        await cell(`${title}, a page that only classifies`, async () =>
          judgeDownloads(
            await classifyOn(browser, site.classify, join(project, "node_modules/ocelli/models/resnet20-tiny-imagenet/model.safetensors")),
            join(project, "node_modules/ocelli/dist"),
          ),
        );
        for (const [name, { url, threads }] of Object.entries(site.routes))
          await cell(`${title}, ${name}`, async () => {
            const response = await fetch(url);
            const text = await response.text();
            if (!response.ok) throw new Error(`${response.status}: ${text.slice(0, 1000)}`);
            return judge(JSON.parse(text), threads);
          });
      } finally {
        site.close();
      }
    }
  }
}
