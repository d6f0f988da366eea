import { Command } from "commander";
import { calibrate } from "../vision/index.js";
import { openData } from "./data.js";
import { openModel } from "./open-model.js";
import { addEngineOptions, addInputOptions, type EngineOptions, type InputOptions, modelArgument, number, wholeNumber } from "./options.js";
import { formatShare, printJson } from "./output.js";
import { checkWritable } from "./paths.js";
import { ProgressBar } from "./progress.js";

interface CalibrateOptions extends EngineOptions, InputOptions {
  readonly output?: string;
  readonly truePositiveRate: number;
  readonly validation: number;
  readonly seed?: number;
}

/** Images a class from which on their own means are as good as those of the images that the model learnt from (docs/vision.md). */
const fewOfClass = 20;

export function calibrateCommand(): Command {
  const command = new Command("calibrate")
    .description("Make a model's scores match how often it is right, and let it say `none of these`")
    .argument("<model>", modelArgument)
    .argument("<data>", "labelled images that it did not learn from, as for `eval`")
    .option("-o, --output <file>", "where to write the calibrated model (default: over the model)")
    .option("--true-positive-rate <share>", "of the images of the classes that are recognised as such", number(0, 1), 0.95)
    .option("--validation <share>", "only the part that `train` holds out with this share and --seed, where the data has no split of its own", number(0, 1), 0)
    .option("--seed <n>", "of that split", wholeNumber(0))
    .action(run);
  return addEngineOptions(addInputOptions(command));
}

async function run(source: string, folder: string, { output = source, truePositiveRate, validation, seed, json, ...options }: CalibrateOptions): Promise<void> {
  checkWritable(output);
  const split = await openData(folder, { validation, seed });
  const model = await openModel(source, { ...options, json });
  const bar = new ProgressBar();
  const { train, validation: held } = split;
  const examples = held.length > 0 && train.length > 0 && held.length < fewOfClass * split.classes.length ? train : undefined;
  const report = await calibrate(model, held.length > 0 ? held : train, {
    truePositiveRate,
    examples,
    onProgress: (done, total) => bar.update("calibrating", done / total, `${done} of ${total} images`),
  });
  bar.clear();
  await model.save(output);
  model.close();
  if (json) return printJson({ file: output, ...report, examples: examples?.length });
  const { temperature, before, after, images } = report;
  console.log(
    `temperature ${temperature.toFixed(3)}  loss ${before.loss.toFixed(4)} -> ${after.loss.toFixed(4)}  calibration error ${formatShare(before.ece)} -> ${formatShare(after.ece)}  ${images} images${examples ? `, compared with the ${examples.length} of the split's other half` : ""}`,
  );
  console.log(`wrote ${output}`);
}
