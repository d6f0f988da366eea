/**
 * How much faster is a quantised network than its float32 form, and where does its time go?
 *
 * tsx bench/quantized.ts [models...] [--build relaxed] [--threads n] [--runs n]
 *
 * Both forms take turns on one image; weights and calibration images are random. Medians, and the ratio of the two.
 */
import { parseArgs } from "node:util";
import { Random } from "../src/core/random.js";
import type { BuildChoice } from "../src/runtime/choose-build.js";
import type { Model } from "../src/model/model.js";
import { quantize } from "../src/model/quantize.js";
import { createModel } from "../src/zoo/create-model.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    build: { type: "string", default: "auto" },
    threads: { type: "string", default: "1" },
    runs: { type: "string", default: "31" },
  },
});
const threads = Number(values.threads);
const runs = Number(values.runs);

console.log("| model | build | threads | float32 ms | int8 ms | times as fast |\n|---|---|---|---|---|---|");
for (const name of positionals.length ? positionals : ["mobilenet_v2", "resnet50"]) {
  const model = await createModel(name, { build: values.build as BuildChoice, threads, inline: threads === 1 });
  const [height, width] = model.imageSize;
  const { channels } = model.architecture;
  const random = new Random(1);
  const images = [1, 2].map(() => ({ data: Uint8Array.from({ length: height * width * channels }, () => random.uniform(0, 256)), width, height, channels }));
  const quantized = await quantize(model, images, { maxLoss: 1, onReport: () => {} });
  const shape = [1, height, width, channels];
  const data = Float32Array.from({ length: height * width * channels }, (_, i) => ((i * 7919) % 256) / 128 - 1);
  const forms: [Model, number[]][] = [
    [model, []],
    [quantized, []],
  ];
  for (let run = -3; run < runs; run++) {
    for (const [form, times] of forms) {
      const start = performance.now();
      await form.forward({ data, shape });
      if (run >= 0) times.push(performance.now() - start);
    }
  }
  const [float, int8] = forms.map(([, times]) => times.sort((a, b) => a - b)[times.length >> 1]);
  console.log(`| ${[name, model.session.build, threads, float.toFixed(2), int8.toFixed(2), (float / int8).toFixed(2)].join(" | ")} |`);
  model.close();
  quantized.close();
}
process.exit(0);
