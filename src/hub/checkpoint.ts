import type { FileSource } from "../core/file-store.js";
import type { Preprocessing } from "../data/preprocessing.js";
import { type Fields, readFields, readText } from "./fields.js";
import { licenseOfCard } from "./model-card.js";
import { huggingFacePreprocessing } from "./preprocessing/hugging-face.js";
import { indexed, timmLabels, timmPreprocessing } from "./preprocessing/timm.js";
import type { Repository } from "./repository.js";

/** Weights with what their publisher says of them. */
export interface Checkpoint {
  /** The file of weights: a path, or in browsers what the cache has of it. */
  readonly source: FileSource;
  /** Another file of its folder by its plain name, where it came out of one; undefined where there is none. */
  readonly beside?: (name: string) => Promise<FileSource | undefined>;
  /** timm's name of the network, where the repository has one. */
  readonly architecture?: string;
  readonly labels?: readonly string[];
  /** Whether the weights are those of a network without its classifier. */
  readonly isBackbone?: boolean;
  readonly preprocessing?: Preprocessing;
  /** Where it comes from and under which terms, for people. */
  readonly notes: Readonly<Record<string, string>>;
}

export interface ReadOptions {
  /** Name of the weights' file in its repository (default `model.safetensors`, or the ONNX file where that is what there is). */
  readonly file?: string;
  /** Prepare images for the larger size that the published accuracy is of, where timm's description has one. */
  readonly testSize?: boolean;
}

const safetensors = "model.safetensors";
const onnx = ["onnx/model.onnx", "model.onnx"];

/**
 * Reads the descriptions of a repository and finds its weights.
 *
 * @throws {DataError} where it has no weights, {FormatError} for descriptions that are not what they should be, {UnsupportedOpError} for pickles
 */
export async function readRepository(repository: Repository, { file, testSize }: ReadOptions = {}): Promise<Checkpoint> {
  const fields = async (name: string): Promise<Fields | undefined> => {
    const source = await repository.file(name);
    return source === undefined ? undefined : readFields(source, `${name} of ${repository.name}`);
  };
  const config = await fields("config.json");
  const timm = config?.has("architecture") ? (config.object("pretrained_cfg") ?? config) : undefined;
  const processor = timm ? undefined : await fields("preprocessor_config.json");
  const card = await repository.file("README.md");
  const license = timm?.text("license") ?? (card === undefined ? undefined : licenseOfCard(await readText(card)));
  // Networks of Hugging Face's transformers are not built here by name; their ONNX files bring the network along.
  const candidates = file ? [file] : timm ? [safetensors] : config?.has("model_type") ? [...onnx, safetensors] : [safetensors, ...onnx];
  let source: FileSource | undefined;
  let path = "";
  for (path of candidates) if ((source = await repository.file(path)) !== undefined) break;
  if (source === undefined) throw await repository.withoutAny(candidates);
  const { name, commit } = repository;
  return {
    source,
    beside: (other) => repository.file(path.slice(0, path.lastIndexOf("/") + 1) + other),
    architecture: config?.text("architecture"),
    labels: await labelsOf(config, timm, name),
    isBackbone: timm !== undefined && classesOf(config, timm) === 0,
    preprocessing: timm ? timmPreprocessing(timm, { testSize }) : processor && huggingFacePreprocessing(processor),
    notes: { source: name, ...(commit && !name.endsWith(commit) && { revision: commit }), ...(license && { license }) },
  };
}

function classesOf(...holders: readonly (Fields | undefined)[]): number | undefined {
  return holders.map((fields) => fields?.number("num_classes", "a whole number", Number.isInteger)).find((count) => count !== undefined);
}

async function labelsOf(config: Fields | undefined, timm: Fields | undefined, repository: string): Promise<readonly string[] | undefined> {
  if (!config) return undefined;
  const classes = classesOf(config, timm);
  if (timm) {
    // timm keeps the names of the usual data sets to itself and says which one it was in the tag.
    const isImagenet = classes === 1000 && /in1k(_\d+)?$/.test(timm.text("tag") ?? repository);
    return timmLabels(config, timm, classes) ?? (isImagenet ? (await import("./imagenet-classes.js")).imagenetClasses : undefined);
  }
  const names = config.object("id2label");
  const labels = names && indexed(names, names.entries().length);
  // What transformers writes where nobody named the classes.
  return labels?.every((label, index) => label === `LABEL_${index}`) ? undefined : labels;
}
