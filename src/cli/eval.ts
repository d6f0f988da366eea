import { Command, Option } from "commander";
import { openData } from "./data.js";
import { type CommonOptions, commonOptions, openModel } from "./options.js";
import { formatShare, formatTable, printJson } from "./output.js";
import { ProgressBar } from "./progress.js";

interface EvalOptions extends CommonOptions {
  readonly split: "train" | "validation";
}

export function evalCommand(): Command {
  const command = new Command("eval")
    .description("Measure a model on labelled images.")
    .argument("<model>", "model file, or a name that ships with the package")
    .argument("<data>", "folder with one sub-folder per class, .csv or .tar")
    .addOption(new Option("--split <name>", "which part of the data").choices(["train", "validation"]).default("validation"))
    .action(evaluate);
  for (const option of commonOptions()) command.addOption(option);
  return command;
}

async function evaluate(source: string, folder: string, { split, json, ...options }: EvalOptions): Promise<void> {
  const model = await openModel(source, options);
  const data = (await openData(folder))[split];
  const bar = new ProgressBar();
  const started = performance.now();
  const { accuracy, top5, loss, classes, confusion } = await model.evaluate(data, {
    onProgress: (done, total) => bar.update(done / total, `${done} images`, ((performance.now() - started) / 1000 / done) * (total - done)),
  });
  bar.clear();
  model.close();
  if (json) return printJson({ images: data.length, accuracy, top5, loss, classes, confusion });
  console.log(`accuracy ${formatShare(accuracy)}  top-5 ${formatShare(top5)}  loss ${loss.toFixed(4)}  ${data.length} images\n`);
  console.log(formatTable([["class", "precision", "recall", "f1", "images"], ...classes.map(({ label, precision, recall, f1, support }) => [label, formatShare(precision), formatShare(recall), formatShare(f1), String(support)])]));
}
