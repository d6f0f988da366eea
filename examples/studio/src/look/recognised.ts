import type { Score } from "ocelli";
import { recognize } from "ocelli/vision";
import { trained, trainedModel } from "../project/trained.js";
import { sureFrom, taught } from "./judged.js";

export interface Recognised {
  readonly scores: readonly Score[];
  /** Whether the best of them is to be believed, or the image is unlike all that was taught. */
  readonly verdict: "sure" | "unsure" | "unknown";
}

/** What the network says of an image, under the names that classes have now. */
export async function recognise(image: Blob | HTMLVideoElement): Promise<Recognised> {
  const model = await trainedModel();
  const { scores, isUnknown } = model.calibration
    ? await recognize(model, image)
    : { scores: await model.classify(image, { topK: model.labels.length }), isUnknown: false };
  const then = trained.value?.classes ?? [];
  const named = scores.map(({ label, score }) => ({ label: taught.value[then.findIndex(({ name }) => name === label)]?.name ?? label, score }));
  return { scores: named, verdict: isUnknown ? "unknown" : named[0].score >= sureFrom.value ? "sure" : "unsure" };
}
