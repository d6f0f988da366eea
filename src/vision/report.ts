import { type Dataset, itemsAt } from "../data/dataset.js";
import type { Evaluation, Prediction } from "../model/metrics.js";
import type { Model } from "../model/model.js";
import type { EpochRecord } from "../train/options.js";
import { type Band, lineChart } from "./charts.js";
import { confusedPairs, confusionChart } from "./confusion-chart.js";
import { escapeHtml, percent } from "./html.js";
import { definitions, figureRow, reportPage } from "./report-page.js";
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
  /** What was trained on. */
  readonly title: string;
  /** How it was trained, for the last section: name and value. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Ends the making of pictures with its reason. */
  readonly signal?: AbortSignal;
}

/** Wrong predictions and confused pairs that are shown. */
const shownMistakes = 24;
const shownPairs = 8;
/** More classes are listed weakest first. */
const classesInOrder = 20;

/**
 * One self-contained HTML page about a training: curves of loss and accuracy with the phases marked, confusion matrix,
 * figures of each class, and the mistakes that the model was surest of, as pictures. It loads nothing and runs no script.
 *
 * @throws {FormatError | DataError} for a wrongly called image that cannot be read any more
 */
export async function trainingReport({ model, records, evaluation, validation, trainImages, seconds, title, settings, signal }: ReportInput): Promise<string> {
  const facts = model.describe();
  const [, height, width] = facts.inputShape;
  const figures = {
    ...(evaluation && { "validation accuracy": percent(evaluation.accuracy) }),
    ...(evaluation && facts.classes > 5 && { "top-5 accuracy": percent(evaluation.top5) }),
    ...(evaluation && { "validation loss": evaluation.loss.toFixed(3) }),
    "training images": count(trainImages),
    ...(validation && { "validation images": count(validation.length) }),
    classes: count(facts.classes),
    "training time": duration(seconds),
  };
  return reportPage({
    title,
    facts: `${facts.architecture}, ${(facts.parameters / 1e6).toFixed(2)} M parameters, ${height} × ${width} pixels`,
    sections: [
      figureRow(figures),
      curves(records),
      evaluation ? confusion(model.labels, evaluation) : "",
      evaluation && validation ? await mistakes(model.labels, evaluation.predictions, validation, signal) : "",
      settings ? definitions("Settings", settings) : "",
    ],
  });
}

function curves(records: readonly EpochRecord[]): string {
  if (records.length === 0) return "";
  const pair = (pick: (of: { loss: number; accuracy: number }) => number) => [
    { name: "training", style: "training", values: records.map(pick) },
    { name: "validation", style: "validation", values: records.map(({ validation }) => validation && pick(validation)) },
  ];
  const bands = phasesOf(records);
  const loss = lineChart(
    pair((of) => of.loss),
    { title: "Loss", format: (value) => value.toFixed(value < 10 ? 2 : 0), low: 0, bands },
  );
  const accuracy = lineChart(
    pair((of) => of.accuracy),
    { title: "Accuracy", format: (value) => `${Number((value * 100).toFixed(1))} %`, high: 1, bands },
  );
  return `<section class="curves">${loss}${accuracy}</section>`;
}

function phasesOf(records: readonly EpochRecord[]): Band[] {
  const names: Record<string, string> = { head: "head only", all: "all layers" };
  const starts = records.flatMap(({ phase }, i) => (i === 0 || records[i - 1].phase !== phase ? [i] : []));
  return starts.map((from, i) => ({ name: names[records[from].phase] ?? records[from].phase, from, to: (starts[i + 1] ?? records.length) - 1 }));
}

function confusion(labels: readonly string[], { confusion: counts, classes }: Evaluation): string {
  const listed = classes.length > classesInOrder ? [...classes].sort((a, b) => a.f1 - b.f1) : classes;
  const rows = listed.map(
    ({ label, precision, recall, f1, support }) =>
      `<tr><th>${escapeHtml(label)}</th><td>${percent(precision)}</td><td>${percent(recall)}</td><td><meter value="${f1.toFixed(3)}">${f1.toFixed(3)}</meter> ${percent(f1)}</td><td>${support}</td></tr>`,
  );
  const pairs = confusedPairs(counts, shownPairs).map(
    ({ right, said, count: times }) => `<li><b>${times}</b><span><em>${escapeHtml(labels[right])}</em> called <em>${escapeHtml(labels[said])}</em></span></li>`,
  );
  return `<section><h2>Confusion matrix</h2><p>Rows are the right classes, columns what the model said.</p><div class="confusion">${confusionChart(labels, counts)}${pairs.length > 0 ? `<div><h3>Confused most often</h3><ol>${pairs.join("")}</ol></div>` : ""}</div></section>
<section><h2>Classes${listed === classes ? "" : ", weakest first"}</h2><div class="classes"><table><thead><tr><th></th><th>precision</th><th>recall</th><th>F1</th><th>images</th></tr></thead><tbody>${rows.join("")}</tbody></table></div></section>`;
}

async function mistakes(labels: readonly string[], predictions: readonly Prediction[], validation: Dataset, signal?: AbortSignal): Promise<string> {
  const wrong = predictions.map((prediction, index) => ({ ...prediction, index })).filter(({ label, predicted }) => label !== predicted);
  if (wrong.length === 0) return "<section><h2>Mistakes</h2><p>None.</p></section>";
  const worst = wrong.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, shownMistakes);
  const items = await itemsAt(
    validation,
    worst.map(({ index }) => index),
    signal,
  );
  const pictures = await thumbnails(
    items.map(({ image }) => image),
    { signal },
  );
  const figures = worst.map(
    ({ label, predicted, score, id }, i) =>
      `<figure title="${escapeHtml(id)}"><img src="${pictures[i]}" alt="" width="96" height="96"><figcaption>is ${escapeHtml(labels[label])}<br>called <b>${escapeHtml(labels[predicted])}</b> ${percent(score)}</figcaption></figure>`,
  );
  const which = worst.length < wrong.length ? `These are the ${worst.length} that the model was surest of` : "The surest come first";
  return `<section><h2>Mistakes</h2><p>${count(wrong.length)} of ${count(predictions.length)} images were called something else. ${which}.</p><div class="mistakes">${figures.join("")}</div></section>`;
}

/** `12,345` */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

function duration(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
