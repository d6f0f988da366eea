import { batch, signal } from "@preact/signals";
import { type Dataset, type EpochRecord, fineTuner, type Model, type Preparation, type Progress, type Trainer } from "ocelli";
import { calibrate } from "ocelli/vision";
import { freshModel } from "../project/backbones.js";
import { datasetOf, type Labelled, split } from "../project/dataset.js";
import { readText, store, writeText } from "../project/files.js";
import { type Checked, keepTrained, type Trained, trained } from "../project/trained.js";
import { drawEpochs, drawStep, startCurves } from "./curve-data.js";
import { stopFinding } from "./rate-finder.js";
import { labelled, taughtClasses } from "./readiness.js";
import { optionsOf, settings, type TeachSettings } from "./settings.js";

export type Stage = "idle" | "starting" | "running" | "stopping" | "paused" | "checking" | "done" | "failed";

export const stage = signal<Stage>("idle");
export const preparation = signal<Preparation | undefined>(undefined);
export const progress = signal<Progress | undefined>(undefined);
export const notices = signal<readonly string[]>([]);
export const failure = signal<Error | undefined>(undefined);

/** A training that has begun: enough, with the checkpoint, to go on in another tab on another day. */
interface Run {
  readonly settings: TeachSettings;
  readonly classes: readonly { readonly id: string; readonly name: string }[];
  readonly train: readonly Labelled[];
  readonly validation: readonly Labelled[];
  /** Of the rounds before the last pause. */
  readonly seconds: number;
}

const runFile = "run.json";
const checkpoint = { store, name: "run.checkpoint" };
/** Between two looks at a step, of which a small network makes hundreds in a second. */
const lookMilliseconds = 80;

let run: Run | undefined;
let controller: AbortController | undefined;
const [pausing, stopping] = [new Error("pause"), new Error("stop")];

/** Whether a training was under way when the page was last closed. */
export async function findRun(): Promise<void> {
  const text = await readText(runFile);
  if (!text) return drawEpochs(trained.value?.records ?? []);
  run = JSON.parse(text) as Run;
  stage.value = "paused";
}

/** Begins to teach what the project has now. */
export async function teach(): Promise<void> {
  stopFinding();
  const classes = taughtClasses.value.map(({ id, name }) => ({ id, name }));
  run = { settings: settings.value, classes, ...split(labelled.value, settings.value.keepAside), seconds: 0 };
  await forget();
  await go(run, false);
}

export const resume = async () => run && go(run, (await store.list(checkpoint.name)).includes(checkpoint.name));

/** Ends after the step that is under way; `resume` goes on from there. */
export const pause = () => end(pausing);

/** Ends with what has been learnt so far; of a training that pauses, with nothing. */
export async function stop(): Promise<void> {
  if (stage.value !== "paused") return end(stopping);
  await forget();
  stage.value = "idle";
}

function end(reason: Error): void {
  if (stage.value !== "starting" && stage.value !== "running") return;
  stage.value = "stopping";
  controller?.abort(reason);
}

async function forget(): Promise<void> {
  for (const name of [runFile, checkpoint.name, `${checkpoint.name}.previous`]) await store.remove(name);
}

async function go(current: Run, isResumed: boolean): Promise<void> {
  const start = performance.now();
  const names = current.classes.map(({ name }) => name);
  const data = { train: datasetOf(names, current.train), validation: datasetOf(names, current.validation) };
  const { signal } = (controller = new AbortController());
  batch(() => {
    stage.value = "starting";
    preparation.value = progress.value = failure.value = undefined;
    notices.value = [];
  });
  startCurves();
  let model: Model | undefined;
  let trainer: Trainer | undefined;
  const release = await keepAwake();
  const spent = () => current.seconds + (performance.now() - start) / 1000;
  try {
    await writeText(runFile, JSON.stringify(current));
    model = await freshModel(current.settings.backbone, names, signal);
    trainer = fineTuner(model, data, { ...optionsOf(current.settings), checkpoint, signal, ...watchers(() => trainer?.records.at(-1)) });
    if (isResumed) await trainer.resume(checkpoint);
    drawEpochs(trainer.records);
    await trainer.fit();
    await finish(model, current, trainer, spent());
  } catch (error) {
    if (error === pausing) {
      run = { ...current, seconds: spent() };
      await writeText(runFile, JSON.stringify(run));
      stage.value = "paused";
      model?.close();
    } else if (error === stopping && model && trainer && (progress.value?.step ?? 0) > 0) {
      await finish(model, current, trainer, spent());
    } else {
      await forget();
      model?.close();
      failure.value = error === stopping ? undefined : (error as Error);
      stage.value = error === stopping ? "idle" : "failed";
    }
  } finally {
    release();
  }
}

/** What the trainer tells, at the pace of the eye. */
function watchers(lastRound: () => EpochRecord | undefined) {
  let shown = 0;
  return {
    onPrepare(now: Preparation) {
      preparation.value = now;
    },
    onProgress(now: Progress) {
      drawStep(now);
      if (!now.endOfEpoch && performance.now() - shown < lookMilliseconds) return;
      shown = performance.now();
      batch(() => {
        if (stage.value === "starting") stage.value = "running";
        progress.value = { ...now, validation: now.validation ?? lastRound()?.validation };
      });
    },
    onNotice(notice: string) {
      // What the package chose, in its own words, is nothing to warn of.
      if (!/batch norm|^fineTune:/i.test(notice)) notices.value = [...notices.value, notice];
    },
  };
}

/** Checks the network on the images that were kept aside, and keeps it. */
async function finish(model: Model, { settings, classes, train, validation }: Run, { usedData, records }: Trainer, seconds: number): Promise<void> {
  stage.value = "checking";
  const aside = usedData.validation ?? usedData.train;
  await learnLimits(model, aside, usedData.train);
  const { accuracy, predictions } = await model.evaluate(aside, { rocAuc: false });
  const checked = predictions.map(({ id, predicted, score, labelScore }): Checked => ({ id, said: predicted, score, labelScore }));
  const about: Trained = { at: Date.now(), backbone: settings.backbone, classes, train, validation, accuracy, checked, records, seconds };
  await keepTrained(model, about);
  await forget();
  run = undefined;
  stage.value = "done";
}

/** Images learnt from that are enough to say what their classes look like. */
const enoughExamples = 500;
/** Fewer images kept aside say nothing of what is unlike them. */
const fewestToCompare = 8;
/** Share of images of the classes that may be taken for none of them, where there are enough images to tell. */
const falseAlarms = 0.05;

/** Lets the network tell what is none of its classes: with few images kept aside, what is odder than all but one of them, which may be a mistake. */
async function learnLimits(model: Model, aside: Dataset, learnt: Dataset): Promise<void> {
  if (aside.length < fewestToCompare) return;
  const pace = Math.ceil(learnt.length / enoughExamples);
  const examples = learnt.subset(Array.from({ length: Math.ceil(learnt.length / pace) }, (_, i) => i * pace));
  await calibrate(model, aside, { truePositiveRate: 1 - Math.max(falseAlarms, 2.5 / (aside.length + 1)), examples });
}

/** Keeps a phone's screen on meanwhile, where that can be had. */
async function keepAwake(): Promise<() => void> {
  const lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
  return () => void lock?.release();
}
