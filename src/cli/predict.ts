import { Command } from "commander";
import { OcelliError } from "../index.js";
import { type CommonOptions, commonOptions, openModel, wholeNumber } from "./options.js";
import { exitCodes, formatShare, printJson } from "./output.js";

interface PredictOptions extends CommonOptions {
  readonly topK: number;
}

export function predictCommand(): Command {
  const command = new Command("predict")
    .description("Say what images show.")
    .argument("<model>", "model file, or a name that ships with the package")
    .argument("<images...>", "image files or URLs")
    .option("-k, --top-k <n>", "classes to print for each image", wholeNumber(1), 3)
    .action(predict);
  for (const option of commonOptions()) command.addOption(option);
  return command;
}

async function predict(source: string, images: string[], options: PredictOptions): Promise<void> {
  const model = await openModel(source, options);
  const width = Math.max(...images.map(({ length }) => length));
  for (const image of images) {
    try {
      const scores = await model.classify(image, { topK: options.topK });
      if (options.json) printJson({ image, scores });
      else console.log(`${image.padEnd(width)}  ${scores.map(({ label, score }) => `${label} ${formatShare(score)}`).join("   ")}`);
    } catch (error) {
      if (!(error instanceof OcelliError)) throw error;
      process.exitCode = exitCodes.failed;
      if (options.json) printJson({ image, error: { code: error.code, message: error.message } });
      else console.error(`${image.padEnd(width)}  ${error.message}`);
    }
  }
  model.close();
}
