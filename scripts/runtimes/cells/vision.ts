import { execFile } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Cell, expectEqual, type Installed, type Setting } from "../cell.js";

const run = promisify(execFile);

const weights = "node_modules/ocelli/models/resnet20-tiny-imagenet/model.safetensors";
/** Beside the code that is taken away. */
const modelFile = "my model.safetensors";
const photo = resolve(import.meta.dirname, "../../../examples/fashion/val/bag/000.png");

interface Seen {
  readonly same: { readonly heat: string; readonly temperature: number };
  readonly scores: readonly { readonly label: string; readonly score: number }[];
  readonly page?: string;
}

interface Framed {
  readonly lines: readonly string[];
  readonly wrong: readonly string[];
  readonly said?: string;
  readonly requests: readonly string[];
}

/** `ocelli/vision` gives the same bits everywhere, and what it gives to take away works as it is: code for Node and for a page, and the page with a model inside. */
export async function* vision({ project: { folder }, programs }: Setting): AsyncIterable<Cell> {
  let expected: Seen["same"] | undefined;
  for (const installed of programs)
    yield {
      name: `${installed.name}, vision`,
      async run() {
        const { same } = (await installed.run("jobs/vision.js", { weights })) as Seen;
        expectEqual(same, (expected ??= same), "maps, neighbours, calibration");
        return `heat ${same.heat.slice(0, 16)}, temperature ${same.temperature.toFixed(3)}`;
      },
    };

  const ocelli = async (...args: readonly string[]) => (await run(join(folder, "node_modules/.bin/ocelli"), args, { cwd: folder })).stdout;
  copyFileSync(join(folder, weights), join(folder, modelFile));
  copyFileSync(photo, join(folder, "photo.png"));
  yield {
    name: "command line, export node",
    async run() {
      writeFileSync(join(folder, "classify.mjs"), await ocelli("export", "node", modelFile));
      const { stdout } = await run(process.execPath, ["classify.mjs", "photo.png"], { cwd: folder });
      const { scores } = JSON.parse(await ocelli("predict", modelFile, "photo.png", "--top-k", "5", "--json")) as {
        scores: { label: string; score: number }[];
      };
      expectEqual(stdout, scores.map(({ label, score }) => `${label} ${(100 * score).toFixed(1)} %\n`).join(""), "what the code prints");
      return stdout.split("\n")[0];
    },
  };

  const browsers = programs.filter(({ runtime }) => ["Chromium", "Firefox"].includes(runtime.name));
  if (browsers.length === 0) return;
  const { page, scores } = (await programs[0].run("jobs/vision.js", { weights, wantsPage: true })) as Seen;
  writeFileSync(join(folder, "page.html"), page as string);
  // The code as it is pasted; the map in front of it stands for the server that it names.
  const map = { imports: { "https://cdn.jsdelivr.net/npm/ocelli/dist/index.js": "/node_modules/ocelli/dist/index.js" } };
  writeFileSync(join(folder, "code.html"), `<script type="importmap">${JSON.stringify(map)}</script>\n${await ocelli("export", "browser", modelFile)}`);
  for (const installed of browsers) {
    yield framed(installed, "page with a model inside", "page.html", scores, (requests) => requests.length === 0);
    yield framed(installed, "code for a page", "code.html", scores, (requests) => requests.some((url) => url.endsWith(`/${encodeURI(modelFile)}`)));
  }
}

/** Of a score in percent: the faster build, weights of 16 bits, and what the text rounds. */
const tolerance = 0.2;

function framed(installed: Installed, what: string, page: string, scores: Seen["scores"], asksRightly: (requests: readonly string[]) => boolean): Cell {
  return {
    name: `${installed.name}, ${what}`,
    async run() {
      const { lines, wrong, said, requests } = (await installed.run("jobs/frame.js", { page })) as Framed;
      expectEqual([wrong, lines.length], [[], scores.length], `errors and lines of the page, which says ${said}`);
      scores.forEach(({ label, score }, i) => {
        const percent = lines[i].startsWith(label) ? Number.parseFloat(lines[i].slice(label.length)) : Number.NaN;
        if (!(Math.abs(percent - 100 * score) <= tolerance)) throw new Error(`expected ${label} ${(100 * score).toFixed(1)} %, got ${lines[i]}`);
      });
      if (!asksRightly(requests)) throw new Error(`it asked for ${requests.join(", ") || "nothing"}`);
      return `${lines[0]}, as elsewhere`;
    },
  };
}
