import { createModel, listBundled, loadModel, type Model, type Preprocessing } from "ocelli";
import { readBlob, store } from "./files.js";

/** A trained network to start from. */
export interface Backbone {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  /** Of the images that its weights learnt from. */
  readonly terms?: string;
}

const imageNet = "learnt from images under ImageNet's terms, for research and education; whether these bind its weights is not settled.";
const about: Record<string, Omit<Backbone, "id">> = {
  ocelli_s: { title: "Ocelli S", about: "Sees detail, and is quick on any device. The best choice for photos.", terms: imageNet },
  resnet20: { title: "Quick start", about: "Tiny and very quick; sees shapes and colours at 32 pixels, no detail.", terms: imageNet },
};

/** Those that come with the package, in its order: the first is its default. */
export const backbones: readonly Backbone[] = listBundled().map((id) => ({ id, ...(about[id] ?? { title: id, about: "" }) }));

/** Kernels of all that the page does: scores are the same to the bit wherever the model goes. */
export const build = "simd";

/** Where a model file of one's own is kept. */
export const ownBackbone: Backbone = { id: "own", title: "A model file of mine", about: "A .safetensors file that Ocelli wrote, here or elsewhere." };
const ownFile = "backbone.model";

export async function keepOwnBackbone(file: Blob): Promise<void> {
  await store.write(ownFile, chunks(file));
  known.delete(ownBackbone.id);
}
export const hasOwnBackbone = async () => (await readBlob(ownFile)) !== undefined;

async function* chunks(file: Blob): AsyncGenerator<Uint8Array> {
  const piece = 2 ** 20;
  for (let at = 0; at < file.size; at += piece) yield new Uint8Array(await file.slice(at, at + piece).arrayBuffer());
}

/** A network for these classes, which knows much about images and nothing about the classes yet. */
export async function freshModel(id: string, labels: readonly string[], signal?: AbortSignal): Promise<Model> {
  if (id !== ownBackbone.id) return createModel(id, { pretrained: true, labels: [...labels], signal, build });
  const whole = await loadModel({ store, name: ownFile }, { signal, build }).catch((error: Error) => {
    signal?.throwIfAborted();
    throw new Error(`Your model file cannot be used here, which takes .safetensors files that Ocelli wrote: ${error.message}`, { cause: error });
  });
  try {
    return await whole.replaceHead(labels, { signal });
  } finally {
    whole.close();
  }
}

const known = new Map<string, Promise<Preprocessing>>();

/** How a network wants its images. */
export function preprocessingOf(id: string): Promise<Preprocessing> {
  const found = known.get(id) ?? readPreprocessing(id);
  known.set(id, found);
  found.catch(() => known.delete(id));
  return found;
}

async function readPreprocessing(id: string): Promise<Preprocessing> {
  const model = await freshModel(id, ["one", "other"]);
  model.close();
  return model.preprocessing;
}
