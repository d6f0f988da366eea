/**
 * How long until the first answer of a process that has done nothing yet?
 *
 * npx tsx bench/cold-start.ts [--runs 11] [--node /path/to/node] [--engines ocelli,ocelli-inline,litert,onnxruntime-web]
 *
 * A new process for each figure, the engines in turns. In it the clock runs from before the import of the package to the
 * logits of one image, already preprocessed, of MobileNetV2 at 224 pixels, weights of 14 MB read from a file. The package is
 * the built one, `npm run build`; the models are those of `npm run bench -- --setup`.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { requireFresh } from "../scripts/steps.js";

requireFresh("kernels", "dist");

const run = promisify(execFile);
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "11" },
    node: { type: "string", default: process.execPath },
    engines: { type: "string", default: "ocelli,ocelli-inline,litert,onnxruntime-web" },
  },
});
const child = fileURLToPath(new URL("./cold-start-process.js", import.meta.url));
const engines = values.engines.split(",");
const times = new Map<string, number[]>(engines.map((engine) => [engine, []]));
for (let turn = 0; turn < Number(values.runs); turn++) {
  for (const engine of engines) times.get(engine)?.push(Number((await run(values.node, [child, engine])).stdout.split("\n").at(-1)));
}

const { stdout: version } = await run(values.node, ["--version"]);
console.log(`Node ${version.trim()}, ${values.runs} processes each\n\n| engine | median, ms | least |\n|---|---|---|`);
for (const [engine, list] of times) {
  const sorted = list.sort((a, b) => a - b);
  console.log(`| ${engine} | ${sorted[sorted.length >> 1].toFixed(0)} | ${sorted[0].toFixed(0)} |`);
}
