import { join } from "node:path";
import type { Person } from "./person.js";

const sizes = { desktop: [1280, 800], phone: [390, 844] } as const;

/** Pictures of the page as it is now: at the size of a desk and of a phone, light and dark. */
export async function shoot(person: Person, folder: string | undefined, name: string): Promise<void> {
  if (!folder) return;
  const { tab } = person.browser;
  for (const [size, [width, height]] of Object.entries(sizes)) {
    await tab.resize(width, height);
    for (const theme of ["light", "dark"]) {
      await tab.evaluate(async (theme) => {
        for (let i = 0; i < 3 && document.documentElement.dataset.theme !== theme; i++) {
          document.querySelector<HTMLElement>("[aria-label^='Theme']")?.click();
          await new Promise((done) => requestAnimationFrame(done));
        }
        await new Promise((done) => setTimeout(done, 150));
      }, theme);
      await tab.screenshot(join(folder, `${name}-${size}-${theme}.png`));
    }
  }
  await tab.resize(...sizes.desktop);
}
