import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Person } from "./person.js";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** @throws {Error} for what axe finds wrong with the page as it is now, light or dark */
export async function checkAccess(person: Person): Promise<void> {
  const found = await person.evaluate(async (source) => {
    const page = globalThis as unknown as { axe?: { run(options: object): Promise<AxeResults> } };
    if (!page.axe) new Function(source)();
    const { dataset } = document.documentElement;
    const { theme: chosen } = dataset;
    const wrong: string[] = [];
    for (const theme of ["light", "dark"]) {
      dataset.theme = theme;
      // Colours are on their way for a while.
      await Promise.all(document.getAnimations().map(({ finished }) => finished.catch(() => {})));
      const { violations } = await (page.axe as NonNullable<typeof page.axe>).run({ resultTypes: ["violations"] });
      for (const { id, impact, nodes } of violations)
        wrong.push(`${theme}: ${impact} ${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join("\n  ")}`);
    }
    dataset.theme = chosen;
    return wrong;
  }, source);
  if (found.length > 0) throw new Error(`axe: ${found.join("\n")}`);
}
