import type { Score } from "ocelli";
import { trained, trainedModel } from "../project/trained.js";
import { sureFrom, taught } from "./judged.js";

export interface Recognised {
  readonly scores: readonly Score[];
  /** Whether the best of them is to be believed. */
  readonly isSure: boolean;
}

/** What the network says of an image, under the names that classes have now. */
export async function recognise(image: Blob | HTMLVideoElement): Promise<Recognised> {
  const model = await trainedModel();
  const then = trained.value?.classes ?? [];
  const scores = await model.classify(image, { topK: model.labels.length });
  const named = scores.map(({ label, score }) => ({ label: taught.value[then.findIndex(({ name }) => name === label)]?.name ?? label, score }));
  return { scores: named, isSure: named[0].score >= sureFrom.value };
}
