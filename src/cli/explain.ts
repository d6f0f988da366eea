import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { Jimp } from "jimp";
import { explain, overlay } from "../vision/index.js";
import { openModel } from "./open-model.js";
import { addEngineOptions, addInputOptions, type EngineOptions, type InputOptions, modelArgument, numberWithin } from "./options.js";
import { formatShare, printJson, styled } from "./output.js";
import { checkPng, checkWritable } from "./paths.js";

interface ExplainCommandOptions extends EngineOptions, InputOptions {
  readonly output: string;
  readonly label?: string;
  readonly layer?: string;
  readonly opacity?: number;
}

export function explainCommand(): Command {
  const command = new Command("explain")
    .description("Show where in an image a model looks: a heat map over it (Grad-CAM)")
    .argument("<model>", modelArgument)
    .argument("<image>", "image file or URL")
    .option("-o, --output <file>", "PNG file to write", "heat.png")
    .option("--label <class>", "what to explain (default: the class with the highest score)")
    .option("--layer <name>", "whose activation to look at, by a name that `inspect --layers` prints, or of a block (default: the last spatial one)")
    .option("--opacity <share>", "of the colours where most counts", numberWithin(0, 1), 0.7)
    .action(run);
  return addEngineOptions(addInputOptions(command));
}

async function run(source: string, image: string, { output, label, layer, opacity, json, ...options }: ExplainCommandOptions): Promise<void> {
  checkPng(output);
  checkWritable(output);
  const model = await openModel(source, { ...options, json });
  const explanation = await explain(model, image, { label, layer });
  const { data, width, height } = await overlay(image, explanation, { opacity });
  writeFileSync(output, await Jimp.fromBitmap({ data, width, height }).getBuffer("image/png"));
  model.close();
  const { grid } = explanation;
  if (json)
    printJson({ image, file: output, label: explanation.label, score: explanation.score, layer: explanation.layer, grid: { ...grid, data: [...grid.data] } });
  else
    console.log(`${styled("bold", `${explanation.label} ${formatShare(explanation.score)}`)}  ${explanation.layer}, ${grid.width} x ${grid.height}  ${output}`);
}
