import { Command, Option } from "commander";
import { type Dataset, type Evaluation, type MacroMetrics, type Model, topKAccuracy, unreadable } from "../index.js";
import { type Mistakes, mistakes } from "../vision/index.js";
import { openData } from "./data.js";
import { openModel } from "./open-model.js";
import { addScoringOptions, modelArgument, number, type ScoringOptions, wholeNumber } from "./options.js";
import { formatShare, formatTable, printJson, styled } from "./output.js";
import { ProgressBar } from "./progress.js";

interface EvalOptions extends ScoringOptions {
  readonly validation: number;
  readonly seed?: number;
  readonly badImages: "skip" | "error";
  readonly topK: number;
  readonly mistakes?: number;
}

export function evalCommand(): Command {
  const command = new Command("eval")
    .description("Measure a model on labelled images")
    .argument("<model>", modelArgument)
    .argument("<data>", "folder with one sub-folder per class (its val/ where it has one), .csv or .tar")
    .option("--validation <share>", "only the part that `train` holds out with this share and --seed, where the data has no split of its own", number(0, 1), 0)
    .option("--seed <n>", "of that split", wholeNumber(0))
    .option("--top-k <k>", "the share of images whose right class is among so many best ones", wholeNumber(1), 5)
    .option("--mistakes <n>", "also list so many wrong predictions, the surest first, and labels that look wrong", wholeNumber(1))
    .addOption(new Option("--bad-images <what>", "what to do with images that cannot be read").choices(["skip", "error"]).default("error"))
    .action(evaluate);
  return addScoringOptions(command);
}

async function evaluate(
  source: string,
  folder: string,
  { validation, seed, badImages, topK: k, mistakes: shown, tta, json, ...options }: EvalOptions,
): Promise<void> {
  const split = await openData(folder, { validation, seed });
  const model = await openModel(source, { ...options, json });
  const bar = new ProgressBar();
  const asked = split.validation.length > 0 ? split.validation : split.train;
  const data = badImages === "skip" ? await withoutUnreadable(asked, bar, json ?? false) : asked;
  const evaluation = await model.evaluate(data, {
    tta,
    onProgress: (done, total) => bar.update("evaluating", done / total, `${done} of ${total} images`),
  });
  const ranked = shown ? await rankedMistakes(model, data, shown, tta) : undefined;
  bar.clear();
  model.close();
  const topK = { k, accuracy: topKAccuracy(evaluation, k) };
  if (json) {
    const { predictions: _, ...figures } = evaluation;
    return printJson({ images: data.length, ...figures, topK, mistakes: ranked });
  }
  console.log(evaluationText(evaluation, topK));
  if (ranked) console.log(`\n${mistakesText(ranked)}`);
}

function evaluationText({ accuracy, loss, ece, macro, classes, predictions }: Evaluation, topK: { k: number; accuracy: number }): string {
  const best = topK.k > 1 && topK.k < classes.length ? `  top-${topK.k} ${formatShare(topK.accuracy)}` : "";
  const total = `accuracy ${formatShare(accuracy)}${best}  loss ${loss.toFixed(4)}  calibration error ${formatShare(ece)}  ${predictions.length} images`;
  const row = (name: string, of: MacroMetrics, images: number) => [
    name,
    formatShare(of.precision),
    formatShare(of.recall),
    formatShare(of.f1),
    of.rocAuc?.toFixed(3) ?? "-",
    String(images),
  ];
  const rows = classes.map((each) => row(each.label, each, each.support));
  const table = formatTable([["class", "precision", "recall", "f1", "roc auc", "images"], ...rows, row("mean", macro, predictions.length)]);
  return `${styled("bold", total)}\n\n${table}`;
}

/** The first ones of each kind. */
async function rankedMistakes(model: Model, data: Dataset, shown: number, tta: ScoringOptions["tta"]): Promise<Mistakes> {
  const all = await mistakes(model, data, { tta });
  return { ...all, wrong: all.wrong.slice(0, shown), suspicious: all.suspicious.slice(0, shown) };
}

function mistakesText({ wrong, suspicious }: Mistakes): string {
  const called = wrong.map(({ id, label, predicted, score }) => [id, label, `called ${predicted}`, formatShare(score)]);
  const doubted = suspicious.map(({ id, label, suggested, score }) => [id, label, `rather ${suggested}`, formatShare(score)]);
  const list = (title: string, rows: string[][]) => `${styled("bold", title)}\n${rows.length > 0 ? formatTable(rows, { left: 3 }) : "none"}`;
  return [list("mistakes, the surest first", called), list("labels that look wrong", doubted)].join("\n\n");
}

async function withoutUnreadable(data: Dataset, bar: ProgressBar, json: boolean): Promise<Dataset> {
  const bad = await unreadable(data, { onProgress: (done) => bar.update("looking through images", done / data.length, `${done} of ${data.length}`) });
  bar.clear();
  for (const { id, error } of bad) {
    if (json) printJson({ image: id, error: { message: error.message } });
    else console.error(`ocelli: skipped ${error.message}`);
  }
  const indices = new Set(bad.map(({ index }) => index));
  return data.subset(Array.from({ length: data.length }, (_, i) => i).filter((i) => !indices.has(i)));
}
