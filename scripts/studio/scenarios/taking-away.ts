import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { loadModel } from "../../../src/index.js";
import { recognize } from "../../../src/vision/index.js";
import { checkAccess } from "../access.js";
import type { Person } from "../person.js";
import { shoot } from "../shots.js";
import type { Scenarios } from "./scenario.js";

const none = "None of these";

/** The file that a button gives. */
async function taken(person: Person, button: string): Promise<Uint8Array> {
  await person.evaluate(() => {
    const page = globalThis as unknown as { taken?: Blob };
    const make = URL.createObjectURL.bind(URL);
    page.taken = undefined;
    URL.createObjectURL = (blob) => {
      page.taken = blob as Blob;
      return make(blob);
    };
  });
  await person.click(button);
  await person.until("a file", () => (globalThis as unknown as { taken?: Blob }).taken !== undefined);
  const text = await person.evaluate(async () => {
    const bytes = new Uint8Array(await ((globalThis as unknown as { taken: Blob }).taken as Blob).arrayBuffer());
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  });
  return new Uint8Array(Buffer.from(text, "base64"));
}

export const takingAway: Scenarios = {
  async "knows what belongs to no class, and gives a model that says the same in Node"(person, { images: { folder, heldOut, unlike }, address, shots }) {
    await person.click("Look");
    const verdicts: (string | null | undefined)[] = [];
    for (const file of [...unlike, ...heldOut]) {
      await person.evaluate(() => document.querySelector(".verdict")?.classList.add("before"));
      await person.drop([address(file)], undefined, ".try-picture");
      await person.until("an answer", () => document.querySelector(".verdict:not(.before)") !== null);
      verdicts.push(await person.evaluate(() => document.querySelector(".verdict h2")?.textContent));
      if (verdicts.indexOf(none) === verdicts.length - 1) await shoot(person, shots, "9-none-of-these");
    }
    const refused = verdicts.slice(0, unlike.length).filter((verdict) => verdict === none).length;
    if (2 * refused < unlike.length) throw new Error(`expected "${none}" for half of ${unlike}, got ${verdicts}`);
    if (verdicts.slice(unlike.length).includes(none)) throw new Error(`expected no "${none}" for ${heldOut}, got ${verdicts}`);
    const inPage = await person.evaluate(() => [...document.querySelectorAll<HTMLElement>(".bars .number")].map(({ title }) => Number(title)));
    await person.click("Take away");
    await checkAccess(person);
    await shoot(person, shots, "11-take-away");
    const image = readFileSync(join(folder, heldOut[heldOut.length - 1]));
    const files = [await taken(person, "Download safetensors"), await taken(person, "Download ONNX")];
    for (const [i, file] of files.entries()) {
      const model = await loadModel(file, {
        build: "simd",
        inline: true,
        ...(i === 1 ? { preprocessing: (await loadModel(files[0], { inline: true })).preprocessing } : {}),
      });
      const scores = (await recognize(model, image)).scores.map(({ score }) => score);
      if (i === 0) {
        for (const [at, file] of [...unlike, ...heldOut].entries()) {
          const { isUnknown } = await recognize(model, readFileSync(join(folder, file)));
          if (isUnknown !== (verdicts[at] === none)) throw new Error(`${file}: the page says ${verdicts[at]}, Node isUnknown ${isUnknown}`);
        }
      }
      model.close();
      const furthest = Math.max(...scores.map((score, j) => Math.abs(score - inPage[j])));
      const most = i === 0 ? 0 : 1e-5;
      if (!(furthest <= most)) throw new Error(`${["safetensors", "ONNX"][i]}: expected ${inPage}, got ${scores}`);
    }
    return `${inPage[0].toFixed(4)}, none of these for ${refused} of ${unlike.length} images of other things; safetensors to the bit, ONNX to 1e-5`;
  },

  async "gives code that runs as it is"(person, { images: { folder, heldOut, classes } }) {
    // In the package, so that "ocelli" in the code means it.
    const place = resolve("build/studio-code");
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    await person.click("Node");
    const code = await person.evaluate(() => document.querySelector("pre")?.textContent ?? "");
    const [, file] = /loadModel\("([^"]+)"\)/.exec(code) ?? [];
    if (!file) throw new Error(`no file in the code:\n${code}`);
    writeFileSync(join(place, file), await taken(person, "Download safetensors"));
    writeFileSync(join(place, "classify.mjs"), code);
    const { stdout } = await promisify(execFile)(process.execPath, ["classify.mjs", join(folder, heldOut[1])], { cwd: place });
    if (!stdout.includes(classes[1].name)) throw new Error(`expected ${classes[1].name}, got ${stdout}`);
    return stdout.split("\n")[0];
  },

  async "gives a page that says the same from a disk"(person, { images: { folder, heldOut }, origin }) {
    const place = resolve("build/studio-code");
    const page = join(place, "page.html");
    const html = await taken(person, "Download HTML");
    writeFileSync(page, html);
    const photo = join(place, `photo${extname(heldOut[1])}`);
    copyFileSync(join(folder, heldOut[1]), photo);
    await person.goto(pathToFileURL(page).href);
    await person.browser.tab.upload("input[type=file]", [photo]);
    await person.until("an answer", () => document.querySelectorAll("#results li").length > 0);
    const found = await person.evaluate(() =>
      [...document.querySelectorAll("#results li")].map((line) => [line.querySelector("span")?.textContent, line.querySelector("meter")?.value]),
    );
    const model = await loadModel(join(place, readFileSync(join(place, "classify.mjs"), "utf8").match(/loadModel\("([^"]+)"/)?.[1] as string), {
      build: "simd",
      inline: true,
    });
    const expected = await model.classify(readFileSync(photo));
    model.close();
    const wrong = expected.some(({ label, score }, i) => found[i]?.[0] !== label || Math.abs(Number(found[i]?.[1]) - score) > 1e-2);
    if (wrong) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`);
    await person.goto(`${origin}/#take-away`);
    await person.sees("Download a zip");
    return `${(html.length / 1e6).toFixed(1)} MB`;
  },

  async "gives the labelled images back, and takes the zip in again"(person, { images: { classes, folder } }) {
    const zip = await taken(person, "Download a zip");
    const files = unzipSync(zip);
    for (const { name, files: paths } of classes) {
      for (const path of paths) {
        const found = files[path];
        if (!found || Buffer.compare(found, readFileSync(join(folder, path))) !== 0) throw new Error(`${path} of ${name} is not in the zip as it came in`);
      }
    }
    await person.click("Project");
    await person.click("Start a new project");
    await person.sees("Teach it to see what you see");
    await person.dropBytes(zip, "project.zip");
    await person.sees("All images 40");
    for (const { name } of classes) await person.sees(name);
    return `${(zip.length / 1e6).toFixed(1)} MB`;
  },
};
