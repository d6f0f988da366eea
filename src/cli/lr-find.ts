import { Command, Option } from "commander";
import { type LrFindOptions, lrFind } from "../index.js";
import { openData } from "./data.js";
import { linePlot } from "./line-plot.js";
import { openForTraining } from "./open-model.js";
import {
  addBuildOption,
  addNetworkOptions,
  addOutputOptions,
  addThreadsOption,
  type EngineOptions,
  type NetworkOptions,
  number,
  wholeNumber,
} from "./options.js";
import { printJson, styled } from "./output.js";
import { ProgressBar } from "./progress.js";

interface Options extends EngineOptions, NetworkOptions, Pick<LrFindOptions, "startLr" | "endLr" | "steps" | "batchSize" | "weightDecay" | "seed" | "train"> {
  readonly optimizer: "sgd" | "adamw" | "lamb" | "rmsprop";
  readonly validation: number;
}

/** Losses above so many times the first one are drawn at the top. */
const tallest = 1.25;

export function lrFindCommand(): Command {
  const command = new Command("lr-find")
    .description("Try learning rates on a folder of images, from small to large, and suggest one; nothing is written")
    .argument("<data>", "folder with one sub-folder per class, .csv or .tar");
  addNetworkOptions(command)
    .optionsGroup("Learning:")
    .addOption(new Option("--train <what>", "all layers or the head").choices(["all", "head"]).default("all"))
    .option("--start-lr <rate>", "of the first step", number(0), 1e-7)
    .option("--end-lr <rate>", "that the last step comes up to", number(0), 10)
    .option("--steps <n>", "fewer are made where the loss diverges", wholeNumber(10), 100)
    .option("--batch-size <n>", "images per step", wholeNumber(1), 32)
    .addOption(new Option("--optimizer <name>", "update rule").choices(["sgd", "adamw", "lamb", "rmsprop"]).default("adamw"))
    .option("--weight-decay <share>", "of weights, not of norms and biases", number(0))
    .option("--seed <n>", "of split, head, order and augmentation", wholeNumber(0), 0)
    .option("--validation <share>", "held out as `train` does, where the data has no split of its own", number(0, 1), 0.2)
    .optionsGroup("Options:")
    .action(find);
  return addOutputOptions(addBuildOption(addThreadsOption(command), "simd"));
}

async function find(folder: string, { validation, json, threads, ...options }: Options): Promise<void> {
  const { model: name, weights, size, preprocessing, startLr, endLr, steps, batchSize, optimizer, weightDecay, seed, train, build } = options;
  const data = await openData(folder, { validation, seed });
  const model = await openForTraining({ model: name, weights, size, preprocessing, seed, threads, json, classes: data.classes });
  const bar = new ProgressBar();
  try {
    const learning = { startLr, endLr, steps, batchSize, optimizer, weightDecay, seed, train, build };
    const found = await lrFind(model, data, {
      ...learning,
      onNotice: (text) => json || process.stderr.write(`${styled("faint", text, process.stderr)}\n`),
      onStep: (done, all) => bar.update("trying rates", done / all, `step ${done} of ${all}`),
    });
    bar.clear();
    if (json) return printJson(found);
    const { lrs, losses, valley, steep } = found;
    // Divergence would leave no room for the rest of the curve.
    const shown = losses.map((loss) => Math.min(loss, tallest * losses[0]));
    console.log(linePlot([...lrs.keys()], shown, { x: (step) => lrs[step].toExponential(1), y: (loss) => loss.toFixed(2), marks: [lrs.indexOf(valley)] }));
    console.log(`\n${styled("bold", `valley ${valley.toExponential(1)}`)}  (marked with |: a rate to train with)\nsteep  ${steep.toExponential(1)}`);
  } finally {
    bar.clear();
    model.close();
  }
}
