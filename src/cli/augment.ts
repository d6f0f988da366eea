import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { Jimp } from "jimp";
import { transforms } from "../index.js";
import { augmentedSamples } from "../vision/index.js";
import { openModel } from "./open-model.js";
import { addEngineOptions, addInputOptions, type EngineOptions, type InputOptions, modelArgument, numberWithin, wholeNumber } from "./options.js";
import { printJson } from "./output.js";
import { checkPng, checkWritable } from "./paths.js";

interface AugmentCommandOptions extends EngineOptions, InputOptions {
  readonly output: string;
  readonly count: number;
  readonly columns: number;
  readonly augment?: string;
  readonly area: number;
  readonly seed: number;
}

/** Pixels between two samples. */
const gap = 4;

export function augmentCommand(): Command {
  const command = new Command("augment")
    .description("Show what training makes of an image from epoch to epoch: samples side by side")
    .argument("<model>", modelArgument)
    .argument("<image>", "image file or URL")
    .option("-o, --output <file>", "PNG file to write", "samples.png")
    .option("--count <n>", "samples", wholeNumber(1), 8)
    .option("--columns <n>", "samples in a row", wholeNumber(1), 4)
    .option("--area <share>", "of the image that is kept at least", numberWithin(0, 1), 0.5)
    .option("--augment <policy>", "automatic augmentation, as for `train` (default: none)")
    .option("--seed <n>", "of what is drawn", wholeNumber(0), 0)
    .action(run);
  return addEngineOptions(addInputOptions(command));
}

async function run(source: string, image: string, { output, count, columns, area, augment, seed, json, ...options }: AugmentCommandOptions): Promise<void> {
  checkPng(output);
  checkWritable(output);
  const model = await openModel(source, { ...options, json });
  const augmentation = { scale: [area, 1], auto: augment === undefined ? undefined : transforms.autoAugmentation(augment) } as const;
  const samples = await augmentedSamples(model, image, { augmentation, count, seed });
  model.close();
  const [{ width, height }] = samples;
  const across = Math.min(columns, count);
  const sheet = new Jimp({ width: across * (width + gap) - gap, height: Math.ceil(count / across) * (height + gap) - gap, color: 0xffffffff });
  samples.forEach(({ data }, i) => {
    const [column, row] = [i % across, Math.floor(i / across)];
    sheet.composite(Jimp.fromBitmap({ data, width, height }), column * (width + gap), row * (height + gap));
  });
  writeFileSync(output, await sheet.getBuffer("image/png"));
  if (json) printJson({ image, file: output, samples: count, width, height });
  else console.log(`${count} samples of ${width} x ${height}  ${output}`);
}
