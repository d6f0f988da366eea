import { signal } from "@preact/signals";
import { EmbeddingIndex, type Match } from "ocelli/vision";
import { store } from "../project/files.js";
import { imageBlob } from "../project/image-workers.js";
import { project } from "../project/state.js";
import { trained, trainedModel } from "../project/trained.js";

export const indexing = signal<{ done: number; total: number } | undefined>(undefined);

const prefix = "similar/";
/** Of the network that is there now. */
const fileName = () => `${prefix}${trained.value?.at}.safetensors`;
/** Images at a time: between two of them the page answers. */
const chunk = 64;

let index: EmbeddingIndex | undefined;
/** When the network was taught that made the embeddings: those of another are not comparable. */
let madeBy: number | undefined;

/** Images of the project most like one of them. */
export async function similarTo(id: string, signal: AbortSignal): Promise<readonly Match[]> {
  if (!index || madeBy !== trained.value?.at) {
    index = await keptIndex();
    madeBy = trained.value?.at;
  }
  const model = await trainedModel();
  const missing = project.value.images.filter((image) => !index?.has(image.id));
  try {
    for (let at = 0; at < missing.length; at += chunk) {
      indexing.value = { done: at, total: missing.length };
      const items = await Promise.all(missing.slice(at, at + chunk).map(async ({ id }) => ({ id, image: await imageBlob(id) })));
      await index.addImages(model, items, { signal, badImages: "skip" });
    }
  } finally {
    indexing.value = undefined;
  }
  if (missing.length > 0) await index.save({ store, name: fileName() });
  const here = new Set(project.value.images.map((image) => image.id));
  return (await index.search({ id }, { k: 12, signal })).filter((match) => here.has(match.id));
}

/** The index of this network, if it was made before; those of earlier ones go. */
async function keptIndex(): Promise<EmbeddingIndex> {
  const name = fileName();
  const all = await store.list(prefix);
  for (const each of all) if (each !== name) await store.remove(each);
  return all.includes(name) ? EmbeddingIndex.load({ store, name }) : new EmbeddingIndex();
}
