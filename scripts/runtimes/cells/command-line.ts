import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type Cell, expectEqual, type Setting } from "../cell.js";

const run = promisify(execFile);

/** Files of other programs among the assets, with what the command says of them and of a photo of a tench. */
const foreign = [
  { what: "ONNX", path: "squeezenet1_0_deepcompression/model.onnx", args: ["--preprocessing", "caffe"], classes: 1000, best: "0" },
  { what: "Teachable Machine", path: "teachable_machine_mobilenet_v2_0.35", args: [], classes: 2, best: "Cat" },
  { what: "TFLite", path: "mobilenet_v2_1.0_224_coral_tf2ptq/tf2_mobilenet_v2_1.0_224_ptq.tflite", args: [], classes: 1001, best: "tench, Tinca tinca" },
];

/** The installed `ocelli`, in this Node. */
export function* commandLine({ project }: Setting): Iterable<Cell> {
  const ocelli = async (...args: readonly string[]) => (await run(join(project.folder, "node_modules/.bin/ocelli"), args, { cwd: project.folder })).stdout;
  yield {
    name: "command line, --version",
    async run() {
      const { version } = JSON.parse(readFileSync(join(project.folder, "node_modules/ocelli/package.json"), "utf8"));
      expectEqual((await ocelli("--version")).trim(), version, "ocelli --version");
      return version;
    },
  };
  yield {
    name: "command line, studio",
    async run() {
      const child = spawn(join(project.folder, "node_modules/.bin/ocelli"), ["studio", "--port", "0", "--json"], { cwd: project.folder });
      try {
        const [line] = await Promise.race([
          once(createInterface(child.stdout), "line"),
          once(child, "close").then(() => Promise.reject(new Error("it ended"))),
        ]);
        const { url } = JSON.parse(line) as { url: string };
        const page = await fetch(url);
        expectEqual([page.status, page.headers.get("cross-origin-opener-policy")], [200, "same-origin"], "the answer");
        const [, script] = /<script type="module"[^>]* src="([^"]+)"/.exec(await page.text()) ?? [];
        expectEqual((await fetch(new URL(script, url))).headers.get("content-type"), "text/javascript", "type of its script");
        return url;
      } finally {
        child.kill();
      }
    },
  };
  for (const { what, path, args, classes, best } of foreign) {
    const [model, photo] = [`weights/${path}`, "images/imagenet-sample-images/n01440764_tench.JPEG"].map(project.asset);
    if (model === undefined || photo === undefined) {
      console.log(`left out: command line, ${what} (there are no assets)`);
      continue;
    }
    yield {
      name: `command line, ${what}`,
      async run() {
        expectEqual(JSON.parse(await ocelli("inspect", model, "--json")).classes, classes, "classes");
        const [{ label, score }] = JSON.parse(await ocelli("predict", model, photo, "--json", ...args)).scores;
        expectEqual(label, best, "the best class");
        return `${label} ${score.toFixed(3)}`;
      },
    };
  }
}
