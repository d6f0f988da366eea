import { signal } from "@preact/signals";
import { type EpochRecord, loadModel, type Model } from "ocelli";
import { build } from "./backbones.js";
import type { Labelled } from "./dataset.js";
import { readText, store, writeText } from "./files.js";

const file = "model.json";
export const modelFile = { store, name: "model.safetensors" };

/** What the network said of an image that was kept aside. */
export interface Checked {
  readonly id: string;
  /** Position of the class that it said. */
  readonly said: number;
  readonly score: number;
  /** Score of the class that the image had then. */
  readonly labelScore: number;
}

/** What has been taught, apart from the weights. */
export interface Trained {
  readonly at: number;
  readonly backbone: string;
  readonly classes: readonly { readonly id: string; readonly name: string }[];
  readonly train: readonly Labelled[];
  readonly validation: readonly Labelled[];
  readonly accuracy: number;
  readonly checked: readonly Checked[];
  readonly records: readonly EpochRecord[];
  readonly seconds: number;
}

export const trained = signal<Trained | undefined>(undefined);
let loaded: Promise<Model> | undefined;

export async function openTrained(): Promise<void> {
  const text = await readText(file);
  trained.value = text ? (JSON.parse(text) as Trained) : undefined;
}

/** The taught network, loaded once. */
export function trainedModel(): Promise<Model> {
  loaded ??= loadModel(modelFile, { build }).catch((error) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

/** Keeps a taught network in place of the one before. */
export async function keepTrained(model: Model, about: Trained): Promise<void> {
  await model.save(modelFile);
  await writeText(file, JSON.stringify(about));
  const before = loaded;
  loaded = Promise.resolve(model);
  trained.value = about;
  await before?.then((old) => old !== model && old.close());
}
