import type { FileSource } from "../core/file-store.js";
import { isFile } from "../core/source.js";
import type { Checkpoint, HubOptions } from "../hub/index.js";
import { isReference, isRemote } from "../hub/is-reference.js";
import { bundledWeights } from "./bundled.js";
import type { Saved } from "./saved.js";

/** What is known of weights besides their file, and how they are fetched where they are not at hand. */
export type CheckpointOptions = HubOptions;

/** A file, URL, folder or name of the hub as a file that can be read; what is none of these is that file already. */
export async function openCheckpoint(source: FileSource, options: CheckpointOptions): Promise<Checkpoint> {
  const isFolder = isFile(source) && (await (await import("../core/file-node.js")).isFolder(source));
  const file = isFolder ? await modelIn(source) : isRemote(source) ? undefined : source;
  return file === undefined ? (await import("../hub/index.js")).openCheckpoint(source as string | URL, options) : { source: file, notes: {} };
}

/** The model in a folder: `model.json`, or the only file with the ending of a format; `undefined` where a `config.json` says what is what. */
async function modelIn(folder: string | URL): Promise<string | undefined> {
  const files = await (await import("../core/file-node.js")).filesIn(folder);
  const named = (name: RegExp) => files.filter((path) => name.test(path));
  const [topology] = named(/(^|[/\\])model\.json$/);
  if (topology || named(/(^|[/\\])config\.json$/).length > 0) return topology;
  const models = named(/\.(safetensors|onnx|tflite|zip)$/i);
  return models.length === 1 ? models[0] : undefined;
}

/** An architecture's name and the tag of weights. */
export interface NamedWeights {
  readonly architecture: string;
  readonly tag?: string;
}

/** Weights for an architecture: those given, else those of the package, else those published under its tag or its default one. */
export async function openNamed({ architecture, tag }: NamedWeights, source: FileSource | undefined, options: CheckpointOptions): Promise<Checkpoint> {
  if (source !== undefined) {
    const checkpoint = await openCheckpoint(source, options);
    const known = tag === undefined ? undefined : (await import("../hub/index.js")).torchvisionPreprocessing(architecture, tag);
    return { ...checkpoint, preprocessing: known ?? checkpoint.preprocessing };
  }
  const bundled = tag === undefined ? bundledWeights(architecture) : undefined;
  if (bundled) return { source: bundled, notes: {} };
  return (await import("../hub/index.js")).openPublished(architecture, tag, options);
}

/** `resnet50.a1_in1k` in two; a name that says where weights are has no tag. */
export function splitTag(name: string): NamedWeights {
  const dot = isReference(name) ? -1 : name.indexOf(".");
  return dot < 0 ? { architecture: name } : { architecture: name.slice(0, dot), tag: name.slice(dot + 1) };
}

/** What a file says of itself, and its publisher where it does not. */
export function withCheckpoint(saved: Saved, { architecture, labels, preprocessing, notes }: Omit<Checkpoint, "source">): Saved {
  return {
    ...saved,
    name: saved.name ?? architecture,
    labels: saved.labels ?? labels,
    preprocessing: saved.preprocessing ?? preprocessing,
    notes: { ...notes, ...saved.notes },
  };
}
