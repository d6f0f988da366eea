import type { Dataset } from "../data/dataset.js";
import type { Evaluation, Prediction } from "../model/metrics.js";
import type { Model } from "../model/model.js";
import type { EpochRecord } from "../train/options.js";
import { confusionChart, escapeHtml, lineChart } from "./charts.js";
import { reportStyle } from "./report-style.js";
import { thumbnails } from "./thumbnails.js";

export interface ReportInput {
  readonly model: Model;
  readonly records: readonly EpochRecord[];
  /** Of the validation images; without it the report has curves only. */
  readonly evaluation?: Evaluation;
  readonly validation?: Dataset;
  /** Images learnt from. */
  readonly trainImages: number;
  /** Seconds that training took. */
  readonly seconds: number;
  /** What was trained on, for the title. */
  readonly title: string;
}

/** Wrong predictions that are shown. */
const shown = 24;

/**
 * One self-contained HTML page about a training: curves of loss and accuracy, confusion matrix, per-class figures, and
 * the mistakes that the model was surest of, as pictures.
 */
export async function trainingReport({ model, records, evaluation, validation, trainImages, seconds, title }: ReportInput): Promise<string> {
  const facts = model.describe();
  const figures = [
    ...(evaluation ? [["validation accuracy", percent(evaluation.accuracy)], ["validation loss", evaluation.loss.toFixed(3)]] : []),
    ["images", `${trainImages} + ${validation?.length ?? 0}`],
    ["classes", String(facts.classes)],
    ["training time", `${seconds.toFixed(1)} s`],
    ["parameters", `${(facts.parameters / 1e6).toFixed(2)} M`],
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Ocelli</title>
<style>${reportStyle}</style>
<header><h1>${escapeHtml(title)}</h1><p>${escapeHtml(facts.architecture)} at ${facts.inputShape[1]} × ${facts.inputShape[2]} pixels</p></header>
<main>
<section class="figures">${figures.map(([name, value]) => `<div><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`).join("")}</section>
<section class="curves">${curves(records)}</section>
${evaluation ? confusion(model.labels, evaluation) : ""}
${evaluation && validation ? await mistakes(model.labels, evaluation.predictions, validation) : ""}
</main>
</html>
`;
}

function curves(records: readonly EpochRecord[]): string {
  if (records.length === 0) return "";
  const pair = (pick: (of: { loss: number; accuracy: number }) => number) => [
    { name: "training", style: "training", values: records.map(pick) },
    { name: "validation", style: "validation", values: records.map(({ validation }) => validation && pick(validation)) },
  ];
  return [
    lineChart(pair(({ loss }) => loss), { title: "Loss by epoch", format: (value) => value.toFixed(2), low: 0 }),
    lineChart(pair(({ accuracy }) => accuracy), { title: "Accuracy by epoch", format: (value) => `${Math.round(value * 100)} %`, high: 1 }),
  ].join("");
}

function confusion(labels: readonly string[], { confusion: counts, classes }: Evaluation): string {
  const rows = classes.map(({ label, precision, recall, f1, support }) => `<tr><th>${escapeHtml(label)}</th><td>${percent(precision)}</td><td>${percent(recall)}</td><td>${percent(f1)}</td><td>${support}</td></tr>`);
  return `<section class="classes"><div><h2>Confusion matrix</h2><p>Rows are the right classes, columns what the model said.</p>${confusionChart(labels, counts)}</div>
<div><h2>Classes</h2><table><thead><tr><th></th><th>precision</th><th>recall</th><th>F1</th><th>images</th></tr></thead><tbody>${rows.join("")}</tbody></table></div></section>`;
}

async function mistakes(labels: readonly string[], predictions: readonly Prediction[], validation: Dataset): Promise<string> {
  const wrong = predictions.map((prediction, index) => ({ ...prediction, index })).filter(({ label, predicted }) => label !== predicted);
  if (wrong.length === 0) return "<section><h2>Mistakes</h2><p>None.</p></section>";
  const worst = wrong.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, shown);
  const items = await Promise.all(worst.map(({ index }) => validation.item(index)));
  const pictures = await thumbnails(items.map(({ image }) => image));
  const figures = worst.map(
    ({ label, predicted, score, id }, i) =>
      `<figure title="${escapeHtml(id)}"><img src="${pictures[i]}" alt="" width="96" height="96"><figcaption><b>${escapeHtml(labels[predicted])}</b> ${percent(score)}<br>is ${escapeHtml(labels[label])}</figcaption></figure>`,
  );
  return `<section><h2>Mistakes</h2><p>${wrong.length} of ${predictions.length} images were called wrongly; these are the ${worst.length} that the model was surest of.</p><div class="mistakes">${figures.join("")}</div></section>`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
