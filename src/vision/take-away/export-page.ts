import { toBase64 } from "../../core/base64.js";
import { giveWay } from "../../core/slices.js";
import type { CallOptions } from "../../model/call-options.js";
import type { Model } from "../../model/model.js";
import { escapeHtml } from "../html.js";

export interface ExportPageOptions extends CallOptions {
  /** Heading of the page, default the classes' names. */
  readonly title?: string;
  /** Storage of the weights, default `float16`: half the size, and scores that differ in the fourth digit. */
  readonly dtype?: "float32" | "float16";
}

/** Bytes that are turned to text at a time: a multiple of 3, so that the parts join. */
const piece = 3 * 2 ** 18;

/**
 * One HTML file that classifies images with the engine and the model inside: it loads nothing from anywhere, and opens from a disk as well as
 * from a server.
 *
 * It computes with the build `simd`, as exactly as elsewhere, in any browser.
 *
 * @returns its text, 0.6 MB longer than the weights in base64
 */
export async function exportPage(model: Model, { title, dtype = "float16", signal }: ExportPageOptions = {}): Promise<string> {
  const { engineFor } = await import("./engine-source.js");
  const { script, pieces } = await engineFor({ isGraph: model.architecture.definition !== undefined, isQuantized: model.facts.quantized !== undefined });
  const bytes = await model.save(undefined, { dtype: model.facts.quantized ? "float32" : dtype, signal });
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    parts.push(toBase64(bytes.subarray(at, at + piece)));
    await giveWay(signal);
  }
  const heading = escapeHtml(title ?? model.labels.slice(0, 4).join(", ") + (model.labels.length > 4 ? ", …" : ""));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
<label><input type="file" accept="image/*"><span>Choose an image</span></label>
<img id="preview" alt="" hidden>
<p id="status" role="status">Loading …</p>
<ol id="results" aria-label="What it shows"></ol>
<footer>Nothing leaves this page: the network is inside it. Made with Ocelli.</footer>
</main>
<script type="text/plain" id="model">${parts.join("")}</script>
${[...pieces].map(([name, text]) => `<script type="text/plain" id="${name}">${insideScript(text)}</script>`).join("\n")}
<script type="module">${insideScript(script)}</script>
</body>
</html>
`;
}

/** A script that means the same, and does not end the element that it stands in. */
const insideScript = (text: string) => text.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");

const style = `
:root { color-scheme: light dark; --ink: #1b2330; --soft: #5d6878; --line: #d5dbe5; --page: #f5f6f9; --card: #fff; --accent: #0b63ce; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf1; --soft: #98a3b5; --line: #2b3342; --page: #0f131a; --card: #171d27; --accent: #5aa2f7; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { width: min(100%, 480px); padding: 28px; background: var(--card); border: 1px solid var(--line); border-radius: 18px; }
h1 { margin: 0 0 20px; font-size: 26px; line-height: 1.2; letter-spacing: -0.02em; overflow-wrap: anywhere; }
label { display: block; padding: 28px 16px; border: 2px dashed var(--line); border-radius: 14px; text-align: center; cursor: pointer; }
label:hover, label:focus-within { border-color: var(--accent); }
label span { color: var(--accent); font-weight: 600; }
input { position: absolute; width: 1px; height: 1px; opacity: 0; }
img { display: block; width: 100%; max-height: 360px; margin-top: 16px; border-radius: 12px; object-fit: contain; background: var(--page); }
img[hidden] { display: none; }
p { margin: 14px 0; color: var(--soft); overflow-wrap: anywhere; }
ol { margin: 0; padding: 0; list-style: none; }
li { display: grid; grid-template-columns: 1fr auto; gap: 2px 12px; margin-bottom: 10px; font-variant-numeric: tabular-nums; }
li:first-child { font-size: 20px; font-weight: 650; }
li span { overflow-wrap: anywhere; }
li meter { grid-row: 2; grid-column: 1 / 3; width: 100%; height: 10px; }
footer { margin-top: 20px; color: var(--soft); font-size: 13px; }
`;
