import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle } from "esbuild";
import type { Build } from "../../src/core/build.js";
import { launchChromium } from "../../scripts/runtimes/browser.js";
import type { Job, Side } from "../job.js";
import { packageFolder, versionOf } from "../peers/load.js";
import { modelFile } from "../peers/network.js";
import { peakBinary } from "../register-peak.js";
import type { Bench } from "./in-page.js";

export interface Page {
  /** An engine in the page; `seeded` where the weights are no file. */
  side(engine: string, job: Job, seeded: boolean): Promise<PageSide>;
}

/** A side with the register peak of its browser. */
export interface PageSide extends Side {
  peak(): Promise<number>;
}

const litert = "@litertjs/core";
const types: Record<string, string> = { ".js": "text/javascript", ".html": "text/html", ".wasm": "application/wasm" };
/** What a page needs for SharedArrayBuffer. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** A cross-origin isolated page with our package, bundled as a page's author would, and, where installed, LiteRT.js. */
export async function openPage(): Promise<Page> {
  const origin = await serve(await bundles());
  const browser = await launchChromium();
  const page = await (await browser.newContext()).newPage();
  page.on("pageerror", (error) => console.error(String(error)));
  page.on("console", (message) => message.type() === "error" && console.error(message.text()));
  await page.goto(`${origin}/index.html`);
  await page.waitForFunction(() => "bench" in globalThis, undefined, { timeout: 30_000 });
  if (!(await page.evaluate(() => crossOriginIsolated))) throw new Error("the page is not cross-origin isolated");
  let opened = 0;
  return {
    async side(engine, job, seeded) {
      if (engine !== "ours" && engine !== "litert") throw new Error(`${engine} is not measured in browsers`);
      const version = engine === "litert" ? versionOf(litert) : "";
      const made = await page.evaluate(([engine, job, how]) => inPage().open(engine, job, how), [engine, job, { seeded, version }] as const);
      const side = opened++;
      return {
        ...made,
        runtime: `chromium ${browser.version().split(".")[0]}`,
        outputs: async () => (await page.evaluate((side) => inPage().outputs(side), side)).map((values) => Float32Array.from(values)),
        run: (count) => page.evaluate(([side, count]) => inPage().run(side, count), [side, count]),
        peak: () => page.evaluate((build) => inPage().peak(build), made.build as Build),
        close: () => browser.close(),
      };
    },
  };
}

/** In the page: what in-page.ts offers. Playwright sends the calling function's text, so this one is called by its name there. */
declare function inPage(): Bench;

/** Texts of the page's scripts by path. */
async function bundles(): Promise<Map<string, Uint8Array>> {
  const litertEntry = `${packageFolder(litert)}/dist/index.js`;
  const { outputFiles } = await bundle({
    entryPoints: {
      "in-page": fileURLToPath(new URL("./in-page.ts", import.meta.url)),
      ...(existsSync(litertEntry) && { litert: litertEntry }),
    },
    outdir: "/",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    write: false,
    logLevel: "error",
  });
  return new Map(outputFiles.map(({ path, contents }) => [path, contents]));
}

const html = `<!doctype html><title>bench</title><link rel="icon" href="data:,">
<script type="module">import "/in-page.js"; globalThis.inPage = () => bench;</script>`;

async function serve(scripts: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const content = async (path: string): Promise<Uint8Array | string> => {
    const peak = /^\/peak-(simd|relaxed)\.wasm$/.exec(path);
    if (path === "/index.html") return html;
    if (peak) return peakBinary(peak[1] as Build);
    if (/^\/models\/[\w.-]+$/.test(path)) return readFileSync(modelFile(path.slice("/models/".length)));
    if (/^\/litert-wasm\/[\w.-]+$/.test(path)) return readFileSync(`${packageFolder(litert)}/wasm/${path.slice("/litert-wasm/".length)}`);
    const script = scripts.get(path);
    if (!script) throw new Error(`${path} is not served`);
    return script;
  };
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url ?? "/", "http://localhost");
    try {
      const body = await content(pathname);
      response.writeHead(200, { ...isolation, "Content-Type": types[extname(pathname)] ?? "application/octet-stream" }).end(body);
    } catch (error) {
      response.writeHead(404, isolation).end(String(error));
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
