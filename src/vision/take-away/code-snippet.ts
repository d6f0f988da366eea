import { ArgumentError } from "../../core/errors.js";

export interface CodeSnippetOptions {
  readonly runtime: "node" | "browser";
  /** Name of the model's file beside the code, default `model.safetensors`. */
  readonly file?: string;
}

/**
 * Code that classifies an image with a model's file, to be run as it is pasted: for Node a module (`npm install ocelli`, then `node classify.mjs
 * photo.jpg`), for the browser a page beside the file, which any static server can serve.
 *
 * @throws {ArgumentError} for another runtime
 */
export function codeSnippet({ runtime, file = "model.safetensors" }: CodeSnippetOptions): string {
  // A name inside a script of a page must not end the script.
  const name = JSON.stringify(file).replaceAll("<", "\\u003c");
  if (runtime === "node") {
    return `// npm install ocelli; node classify.mjs photo.jpg
import { loadModel } from "ocelli";

const model = await loadModel(${name});
for (const { label, score } of await model.classify(process.argv[2])) {
  console.log(label, (100 * score).toFixed(1) + " %");
}
model.close();
`;
  }
  if (runtime === "browser") {
    return `<!doctype html>
<meta charset="utf-8">
<title>What does it show?</title>
<input type="file" accept="image/*" aria-label="Image">
<ol aria-live="polite"></ol>
<script type="module">
  import { loadModel } from "https://cdn.jsdelivr.net/npm/ocelli/dist/index.js";

  const model = await loadModel(${name});
  document.querySelector("input").onchange = async ({ target }) => {
    const scores = await model.classify(target.files[0]);
    const lines = scores.map(({ label, score }) => {
      const line = document.createElement("li");
      line.textContent = label + " " + (100 * score).toFixed(1) + " %";
      return line;
    });
    document.querySelector("ol").replaceChildren(...lines);
  };
</script>
`;
  }
  throw new ArgumentError(`codeSnippet: runtime expected node or browser, got ${JSON.stringify(runtime)}`);
}
