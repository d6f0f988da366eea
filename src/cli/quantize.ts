import { Command } from "commander";
import { quantize, type QuantizationReport, reportLines } from "../index.js";
import { openData } from "./data.js";
import { openModel } from "./open-model.js";
import { addEngineOptions, addInputOptions, type EngineOptions, type InputOptions, modelArgument, number, wholeNumber } from "./options.js";
import { printJson } from "./output.js";
import { checkWritable } from "./paths.js";
import { ProgressBar } from "./progress.js";

interface QuantizeCommandOptions extends EngineOptions, InputOptions {
  readonly output: string;
  readonly images: number;
  readonly maxLoss?: number;
  readonly validation: number;
  readonly seed?: number;
}

export function quantizeCommand(): Command {
  const command = new Command("quantize")
    .description("Make a model a quarter of its size and faster: int8 weights, 7-bit activations")
    .argument("<model>", modelArgument)
    .argument("<data>", "images to calibrate on, as for `train`; where they have a validation part, accuracy is measured on it")
    .requiredOption("-o, --output <file>", "where to write the quantised model")
    .option("--images <n>", "images to calibrate on", wholeNumber(1), 200)
    .option("--max-loss <share>", "largest loss to accept: of accuracy (default 0.01), without validation images of agreement (default 0.05)", number(0))
    .option("--validation <share>", "part to measure on, where the data has no split of its own", number(0, 1), 0)
    .option("--seed <n>", "of that split", wholeNumber(0))
    .action(run);
  return addEngineOptions(addInputOptions(command));
}

async function run(source: string, folder: string, { output, images, maxLoss, validation, seed, json, ...options }: QuantizeCommandOptions): Promise<void> {
  checkWritable(output);
  const split = await openData(folder, { validation, seed });
  const model = await openModel(source, { ...options, json });
  const bar = new ProgressBar();
  let report: QuantizationReport | undefined;
  const quantized = await quantize(model, split.train, {
    images,
    maxLoss,
    validation: split.validation.length > 0 ? split.validation : undefined,
    onProgress: (done, total) => bar.update("calibrating", done / total, `${done} of ${total} images`),
    onReport(made) {
      bar.clear();
      report = made;
      if (!json) for (const line of reportLines(made)) console.log(line);
    },
  });
  await quantized.save(output);
  model.close();
  quantized.close();
  if (json) printJson({ file: output, ...report });
  else console.log(`wrote     ${output}`);
}
