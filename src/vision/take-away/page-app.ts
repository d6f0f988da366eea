/** What runs in a page with a model inside: bundled by the build into one script, which `exportPage` puts beside the model. */
import { WorkerError } from "../../core/errors.js";
import { fromBase64 } from "../../core/base64.js";
import type { Model } from "../../model/model.js";
import { loadModel } from "../../zoo/load-model.js";

const find = <Kind extends Element>(selector: string) => document.querySelector(selector) as Kind;
const status = find<HTMLElement>("#status");
const results = find<HTMLOListElement>("#results");
const preview = find<HTMLImageElement>("#preview");
const input = find<HTMLInputElement>("input");

const opening = open();
opening.then(() => say("Choose, drop or paste an image."), fail);

input.addEventListener("change", () => show(input.files?.[0]));
document.addEventListener("paste", ({ clipboardData }) => show(clipboardData?.files[0]));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  show(event.dataTransfer?.files[0]);
});

/** A page that is opened from a disk may have no workers: then its own thread does the work. */
async function open(): Promise<Model> {
  const bytes = fromBase64(find("#model").textContent ?? "");
  if (!bytes) throw new Error("this file is damaged: the model in it is no base64");
  try {
    return await loadModel(bytes, { build: "simd", threads: 1 });
  } catch (error) {
    if (error instanceof WorkerError) return loadModel(bytes, { build: "simd", inline: true });
    throw error;
  }
}

/** Images shown so far: only the last one's answer counts. */
let shown = 0;

async function show(file: File | undefined): Promise<void> {
  if (!file) return;
  const mine = ++shown;
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(file);
  preview.hidden = false;
  results.replaceChildren();
  say("Looking …");
  try {
    const scores = await (await opening).classify(file);
    if (mine !== shown) return;
    results.replaceChildren(
      ...scores.map(({ label, score }) => {
        const line = document.createElement("li");
        const [name, bar, number] = [document.createElement("span"), document.createElement("meter"), document.createElement("b")];
        name.textContent = label;
        bar.value = score;
        bar.setAttribute("aria-hidden", "true");
        number.textContent = `${(100 * score).toFixed(1)} %`;
        line.append(name, bar, number);
        return line;
      }),
    );
    say(file.name);
  } catch (error) {
    if (mine === shown) fail(error);
  }
}

function say(text: string): void {
  status.textContent = text;
}

function fail(error: unknown): void {
  say(error instanceof Error ? error.message : String(error));
}
