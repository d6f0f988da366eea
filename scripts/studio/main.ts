/**
 * Drives the built studio in Chromium and Firefox as a person would: `npm run test:studio`. One line a scenario; screenshots of what was seen
 * lie in `build/studio`. Words behind `--only` choose scenarios and browsers; `--report <file>` writes the counts as JSON.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { isolation, serve } from "../../src/cli/runtimes/serve.js";
import { makeImages } from "./images.js";
import { Person } from "./person.js";
import { scenarios } from "./scenarios.js";
import { LeftOut, type Setting } from "./scenarios/scenario.js";
import { openChromium, openFirefox } from "./tab.js";

const { values: options } = parseArgs({ options: { only: { type: "string", default: "" }, report: { type: "string" } } });
const only = new RegExp(options.only, "i");
const root = resolve(import.meta.dirname, "../..");
/** Of what ships in the package. */
const mostBytes = 1e6;
const shots = join(root, "build/studio");
mkdirSync(shots, { recursive: true });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

const bytes = readdirSync(join(root, "dist/studio"), { recursive: true, encoding: "utf8" })
  .map((file) => join(root, "dist/studio", file))
  .filter((file) => !file.endsWith(".safetensors") && statSync(file).isFile())
  .reduce((sum, file) => sum + statSync(file).size, 0);
console.log(`${(bytes / 1e6).toFixed(3)} MB without weights`);
if (bytes > mostBytes) throw new Error(`dist/studio is larger than ${mostBytes} bytes without weights: ${bytes}`);
const images = await makeImages();
let failed = 0;
let passed = 0;
for (const [name, open] of Object.entries({ Chromium: openChromium, Firefox: openFirefox })) {
  if (!Object.keys(scenarios).some((scenario) => only.test(`${name}: ${scenario}`))) continue;
  const profile = mkdtempSync(join(tmpdir(), "ocelli-studio-profile-"));
  const settings = {
    headers: isolation,
    routes: Object.fromEntries(
      [...images.classes.flatMap(({ files }) => files), ...images.heldOut, ...images.unlike].map((file) => [
        `/test/${file}`,
        (_: unknown, response: ServerResponse) =>
          void response.writeHead(200, { "Content-Type": file.endsWith("png") ? "image/png" : "image/jpeg" }).end(readFileSync(join(images.folder, file))),
      ]),
    ),
  };
  let server = await serve(join(root, "dist/studio"), settings);
  const { origin } = server;
  const browser = await open(profile);
  const setting: Setting = {
    images,
    origin,
    shots: name === "Chromium" ? shots : undefined,
    address: (file) => `/test/${file.split("/").map(encodeURIComponent).join("/")}`,
    stopServer: () => server.close(),
    startServer: async () => {
      server = await serve(join(root, "dist/studio"), { ...settings, port: Number(new URL(origin).port) });
    },
  };
  try {
    // In order: each goes on with what the one before it left.
    for (const [name, run] of Object.entries(scenarios)) {
      if (!only.test(`${browser.name}: ${name}`)) continue;
      const start = performance.now();
      const before = browser.tab.complaints.length;
      try {
        const said = await run(new Person(browser), setting);
        const complaints = browser.tab.complaints.slice(before);
        if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join("\n")}`);
        if (said instanceof LeftOut) {
          console.log(`left out  ${browser.name}: ${name} (${said.why})`);
          continue;
        }
        passed++;
        console.log(`pass  ${browser.name}: ${name}${said ? `: ${said}` : ""} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
      } catch (error) {
        failed++;
        console.log(`FAIL  ${browser.name}: ${name}\n${(error as Error).stack}`);
        await browser.tab.screenshot(join(shots, `failed-${browser.name}.png`)).catch(() => {});
        break;
      }
    }
  } finally {
    await browser.close();
    await server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
images.remove();
console.log(`studio: ${passed} passed, ${failed} failed`);
if (options.report) writeFileSync(options.report, JSON.stringify({ passed, failed }));
process.exit(failed > 0 || passed === 0 ? 1 : 0);
