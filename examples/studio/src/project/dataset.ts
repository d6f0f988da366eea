import type { Dataset } from "ocelli";
import { imageBlob } from "./image-workers.js";

/** An image's id and the position of its class. */
export type Labelled = readonly [id: string, label: number];

/** Images that are read when they are wanted. */
export function datasetOf(classes: readonly string[], images: readonly Labelled[]): Dataset {
  return {
    classes,
    length: images.length,
    async item(index) {
      const [id, label] = images[index];
      return { image: await imageBlob(id), label, id };
    },
    subset: (indices) =>
      datasetOf(
        classes,
        Array.from(indices, (i) => images[i]),
      ),
  };
}

/**
 * Which images are kept aside to check on: a share of each class, at least one and at most all but one. Ids are hashes, so their order is
 * as good as chance, and an image that was kept aside stays there when others are added behind it.
 */
export function split(images: readonly Labelled[], share: number): { train: Labelled[]; validation: Labelled[] } {
  const [train, validation]: [Labelled[], Labelled[]] = [[], []];
  for (const label of new Set(images.map(([, label]) => label))) {
    const ofClass = images.filter((each) => each[1] === label).sort(([a], [b]) => (a < b ? -1 : 1));
    const aside = Math.min(ofClass.length - 1, Math.max(1, Math.round(share * ofClass.length)));
    validation.push(...ofClass.slice(0, aside));
    train.push(...ofClass.slice(aside));
  }
  return { train, validation };
}
