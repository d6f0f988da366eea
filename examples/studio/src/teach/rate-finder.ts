import { batch, signal } from "@preact/signals";
import { type LrFindResult, lrFind, type Model } from "ocelli";
import { freshModel } from "../project/backbones.js";
import { datasetOf, split } from "../project/dataset.js";
import { labelled, taughtClasses } from "./readiness.js";
import { augmentationOf, settings } from "./settings.js";

/** Rates that are tried: eight in each power of ten, each on so many images. */
const [startLr, endLr, steps, batchSize] = [1e-6, 1, 48, 16];

export const finding = signal<{ readonly done: number; readonly total: number } | undefined>(undefined);
export const foundRates = signal<(LrFindResult & { readonly backbone: string }) | undefined>(undefined);
export const findingProblem = signal("");

let controller: AbortController | undefined;
const enough = new Error("enough");

/** Tries learning rates from tiny to huge on the images that are there, with the network and the variations that are chosen. */
export async function findRate(): Promise<void> {
  controller?.abort(enough);
  const { signal } = (controller = new AbortController());
  const now = settings.value;
  batch(() => {
    finding.value = { done: 0, total: steps };
    foundRates.value = undefined;
    findingProblem.value = "";
  });
  let model: Model | undefined;
  try {
    const names = taughtClasses.value.map(({ name }) => name);
    model = await freshModel(now.backbone, names, signal);
    const { train } = split(labelled.value, now.keepAside);
    const result = await lrFind(
      model,
      { train: datasetOf(names, train) },
      {
        startLr,
        endLr,
        steps,
        batchSize,
        optimizer: "adamw",
        augmentation: augmentationOf(now),
        badImages: "skip",
        signal,
        onStep: (done, total) => {
          finding.value = { done, total };
        },
      },
    );
    foundRates.value = { ...result, backbone: now.backbone };
  } catch (error) {
    if (error !== enough) findingProblem.value = (error as Error).message;
  } finally {
    model?.close();
    if (controller?.signal === signal) finding.value = undefined;
  }
}

export const stopFinding = () => controller?.abort(enough);
