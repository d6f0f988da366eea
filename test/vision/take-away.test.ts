import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium } from "../../scripts/runtimes/browser.js";
import { createModel, loadModel, type Model, quantize } from "../../src/index.js";
import { codeSnippet, exportPage } from "../../src/vision/index.js";

// In the package, so that "ocelli" in the snippet means it.
const folder = resolve("build/take-away");
const image = resolve("examples/fashion/val/bag/000.png");
let model: Model;
beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  model = await createModel("resnet20", { pretrained: true, labels: ["a <b>", "</script>", "c", "d", "e"], seed: 1, build: "simd", threads: 1 });
});
afterAll(() => {
  model.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a code snippet", () => {
  it("for Node runs as it is, and says what the model does", async () => {
    await model.save(join(folder, "my model.safetensors"));
    writeFileSync(join(folder, "classify.mjs"), codeSnippet({ runtime: "node", file: "my model.safetensors" }));
    const { stdout } = await promisify(execFile)(process.execPath, ["classify.mjs", image], { cwd: folder });
    const expected = (await model.classify(image)).map(({ label, score }) => `${label} ${(100 * score).toFixed(1)} %\n`).join("");
    expect(stdout).toBe(expected);
  });

  it("for the browser is one page, which a file's name cannot break out of", () => {
    const page = codeSnippet({ runtime: "browser", file: 'a"</script>.safetensors' });
    expect(page.match(/<\/script>/g)).toHaveLength(1);
    expect(page).toContain('loadModel("a\\"\\u003c/script>.safetensors")');
    expect(() => codeSnippet({ runtime: "deno" as "node" })).toThrow("expected node or browser");
  });
});

describe("a page with the model inside", () => {
  const hasChromium = existsSync(process.env.CHROMIUM ?? "/usr/bin/chromium");
  it.skipIf(!hasChromium)("classifies from the disk, without a network, to the scores that Node gives", async () => {
    const page = await exportPage(model, { title: 'Mine & "yours"' });
    const file = join(folder, "page.html");
    writeFileSync(file, page);
    copyFileSync(image, join(folder, "photo.png"));
    const half = await loadModel(await model.save(undefined, { dtype: "float16" }), { build: "simd" });
    const expected = await half.classify(image);
    half.close();
    const browser = await launchChromium();
    try {
      const tab = await browser.newPage();
      const asked: string[] = [];
      const wrong: string[] = [];
      tab.on("request", (request) => asked.push(request.url().slice(0, 60)));
      tab.on("pageerror", (error) => wrong.push(error.message));
      await tab.goto(pathToFileURL(file).href);
      expect(await tab.title()).toBe('Mine & "yours"');
      await tab.setInputFiles("input", join(folder, "photo.png"));
      await tab.waitForFunction(
        "document.querySelectorAll('#results li').length > 0 || /fail|error|expected/i.test(document.querySelector('#status').textContent)",
      );
      expect([await tab.textContent("#status"), wrong]).toEqual(["photo.png", []]);
      const found = await tab.$$eval("#results li", (lines) =>
        lines.map((line) => [line.querySelector("span")?.textContent, Number(line.querySelector("meter")?.value)]),
      );
      expect(found.map(([label]) => label)).toEqual(expected.map(({ label }) => label));
      found.forEach(([, score], i) => expect(score).toBeCloseTo(expected[i].score, 4));
      expect(asked.filter((url) => !/^(file|blob|data):/.test(url))).toEqual([]);
      await tab.setInputFiles("input", file); // no image
      await tab.waitForFunction("/format|unknown|image/i.test(document.querySelector('#status').textContent) && !document.querySelector('#results li')");
    } finally {
      await browser.close();
    }
  });

  it.skipIf(!hasChromium)("takes along what a network of another program and an int8 one need", async () => {
    const foreign = await loadModel(await model.save(undefined, { format: "onnx" }), {
      preprocessing: model.preprocessing,
      labels: model.labels,
      build: "simd",
    });
    const small = await quantize(model, [image], { onReport: () => {} });
    const browser = await launchChromium();
    try {
      for (const [name, each] of Object.entries({ foreign, small })) {
        const file = join(folder, `${name}.html`);
        writeFileSync(file, await exportPage(each));
        const tab = await browser.newPage();
        await tab.goto(pathToFileURL(file).href);
        await tab.setInputFiles("input", image);
        await tab.waitForFunction(
          "document.querySelectorAll('#results li').length > 0 || /fail|error|expected/i.test(document.querySelector('#status').textContent)",
        );
        const found = await tab.$$eval("#results li", (lines) =>
          lines.map((line) => [line.querySelector("span")?.textContent, line.querySelector("meter")?.value]),
        );
        const expected = await each.classify(image);
        expect([name, ...found.map(([label]) => label)]).toEqual([name, ...expected.map(({ label }) => label)]);
        found.forEach(([, score], i) => expect(score).toBeCloseTo(expected[i].score, 3));
      }
    } finally {
      await browser.close();
      foreign.close();
      small.close();
    }
  });

  it("stops when it is aborted", async () => {
    await expect(exportPage(model, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});
