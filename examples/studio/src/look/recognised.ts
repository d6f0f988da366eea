import { signal } from "@preact/signals";
import type { Score } from "ocelli";
import { trained, trainedModel } from "../project/trained.js";
import { sureFrom, taught } from "./judged.js";

export interface Recognised {
  readonly scores: readonly Score[];
  /** Whether the best of them is to be believed. */
  readonly isSure: boolean;
}

export const recognised = signal<Recognised | undefined>(undefined);
export const problem = signal("");

/** What the network says of an image, under the names that classes have now. */
export async function recognise(image: Blob | HTMLVideoElement): Promise<void> {
  try {
    const model = await trainedModel();
    const then = trained.value?.classes ?? [];
    const scores = await model.classify(image, { topK: model.labels.length });
    const named = scores.map(({ label, score }) => ({ label: taught.value[then.findIndex(({ name }) => name === label)]?.name ?? label, score }));
    recognised.value = { scores: named, isSure: named[0].score >= sureFrom.value };
    problem.value = "";
  } catch (error) {
    problem.value = (error as Error).message;
  }
}
