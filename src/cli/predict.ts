import { Command } from "commander";
import { OcelliError } from "../index.js";
import { eachImage } from "./each-image.js";
import { openModel } from "./open-model.js";
import { addScoringOptions, modelArgument, type ScoringOptions, wholeNumber } from "./options.js";
import { formatShare, printJson, styled } from "./output.js";
import { listImages } from "./paths.js";

interface PredictOptions extends ScoringOptions {
  readonly topK: number;
}

export function predictCommand(): Command {
  const command = new Command("predict")
    .description("Say what images show")
    .argument("<model>", modelArgument)
    .argument("<images...>", "image files, folders of them, or URLs")
    .option("-k, --top-k <n>", "classes to print for each image", wholeNumber(1), 3)
    .action(predict);
  return addScoringOptions(command);
}

async function predict(source: string, paths: string[], { topK, tta, json, ...options }: PredictOptions): Promise<void> {
  const images = listImages(paths);
  const model = await openModel(source, { ...options, json });
  const width = Math.max(...images.map(({ length }) => length));
  await eachImage(
    images,
    (some) => model.classify(some, { topK, tta }),
    (image, scores) => {
      if (json) printJson(scores instanceof OcelliError ? { image, error: { code: scores.code, message: scores.message } } : { image, scores });
      else if (scores instanceof OcelliError) console.error(`ocelli: ${scores.message}`);
      else {
        const [best, ...others] = scores.map(({ label, score }) => `${label} ${formatShare(score)}`);
        console.log(`${image.padEnd(width)}  ${[styled("bold", best), ...others].join("   ")}`);
      }
    },
  );
  model.close();
}
