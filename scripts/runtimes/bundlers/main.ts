import { launchChromium } from "../../smoke/browser.js";
import { installPacked } from "../../smoke/project.js";
import { resolve, join } from "node:path";
import { bundlerCells } from "./cells.js";
const root = resolve(import.meta.dirname, "../../..");
const only = process.argv[2];
const project = await installPacked(root);
const browser = await launchChromium();
let expected: string | undefined;
try {
  await bundlerCells(project.folder, join(root, "scripts/smoke/scenario.js"), {
    browser,
    only,
    async cell(name, work) {
      const start = performance.now();
      const said = await work().catch((e) => `FAIL ${e.message}`);
      console.log(`${name}: ${said} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    },
    judge(outcome, threads) {
      const { same, threads: used } = outcome as { same: unknown; threads: number };
      expected ??= JSON.stringify(same);
      if (JSON.stringify(same) !== expected || used !== threads) throw new Error(JSON.stringify(outcome));
      return `${threads} threads, ${expected}`;
    },
  });
} finally {
  await browser.close();
  project.remove();
}
