import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  ArgumentError,
  type CreateOptions,
  createModel,
  downloadWeights,
  listBundled,
  listModels,
  type LoadOptions,
  loadModel,
  type Model,
  modelFormat,
  nearestModel,
  openSafetensors,
  type PreprocessingName,
  preprocessingNames,
  type RecipeTeacher,
} from "../index.js";
import { DownloadView, sayOrigin } from "./download-view.js";
import type { EngineOptions, InputOptions } from "./options.js";

/** What an argument names: something with weights of its own (file, folder, URL, repository), or an architecture. @throws {ArgumentError} where it is neither */
export function kindOf(source: string): "file" | "architecture" {
  if (existsSync(source) || isRemote(source) || /^file:|[/\\]/i.test(source)) return "file";
  if (isModel(source)) return "architecture";
  if (source.includes(".")) return "file";
  throw new ArgumentError(`"${source}" is no file and no architecture; did you mean ${nearestModel(source)}? \`ocelli models\` lists all`);
}

const isRemote = (source: string) => /^(hf|hf-hub|hf_hub|https?):/i.test(source);

/** Whether an architecture has this name, up to a tag. */
const isModel = (name: string) => listModels().includes(name.split(".")[0]);

/** A model to show images to. @throws {ArgumentError} where nobody says how they are prepared */
export async function openModel(source: string, options: EngineOptions & InputOptions): Promise<Model> {
  return preparing(await openAnyModel(source, options), source);
}

/** The model that a recipe learns from. */
export async function openTeacher(teacher: string | RecipeTeacher, { threads, json }: Pick<EngineOptions, "threads" | "json">): Promise<Model> {
  if (typeof teacher === "string") return openModel(teacher, { threads, json });
  const { name, weights, ...known } = teacher;
  return createModel(name, { ...known, pretrained: weights, threads });
}

function preparing(model: Model, source: string): Model {
  if (model.facts.preprocessing) return model;
  model.close();
  const names = preprocessingNames.map((name) => JSON.stringify(name)).join(", ");
  throw new ArgumentError(`${source}: the file does not say how images are prepared; add --preprocessing with what it was trained with: ${names}`);
}

/** A model of a file, folder, URL or repository, or an architecture with the weights that its name stands for. */
export async function openAnyModel(
  source: string,
  { threads, build, json, inline, preprocessing, size }: EngineOptions & InputOptions & { inline?: boolean },
): Promise<Model> {
  const view = new DownloadView();
  const options = { threads, build, inline, preprocessing, imageSize: size, onProgress: view.onProgress };
  const isFile = kindOf(source) === "file";
  const model = await (isFile ? loadModel(source, options) : createModel(source, { ...options, pretrained: true })).finally(() => view.clear());
  if (!isFile || isRemote(source)) sayOrigin(model, json);
  return model;
}

export interface Identity {
  readonly file: string;
  readonly architecture?: string;
  /** We wrote it. */
  readonly isOurs: boolean;
  /** It is another program's: ONNX, TF.js, TFLite. */
  readonly isForeign: boolean;
}

/** The file that an argument stands for, fetched where it is not at hand, and the architecture that it or its publisher names. */
export async function identify(source: string, options: LoadOptions = {}): Promise<Identity> {
  const isFolder = statSync(source, { throwIfNoEntry: false })?.isDirectory() === true;
  const isAtHand = kindOf(source) === "file" && !isFolder && !isRemote(source);
  const { source: from, architecture } = isAtHand ? { source, architecture: undefined } : await downloadWeights(isFolder ? resolve(source) : source, options);
  const file = from instanceof URL ? fileURLToPath(from) : String(from);
  if ((await modelFormat(file)) !== "safetensors") return { file, isOurs: false, isForeign: true };
  const ours = await architectureIn(file);
  return { file, architecture: ours ?? architecture, isOurs: ours !== undefined, isForeign: false };
}

async function architectureIn(path: string): Promise<string | undefined> {
  const file = await openSafetensors(path);
  await file.close();
  const text = file.metadata.get("ocelli.architecture");
  return text && (JSON.parse(text) as { name: string }).name;
}

export interface StartingPoint {
  readonly classes: readonly string[];
  /** Architecture; default that of the weights, else the first that the package has weights for. */
  readonly model?: string;
  /** Of the architecture's family; default those of the weights. */
  readonly options?: CreateOptions["options"];
  /** A safetensors file, folder, URL, repository or name with a tag, or `random`; default those that the architecture's name stands for. */
  readonly weights?: string;
  readonly size?: number;
  readonly seed?: number;
  readonly preprocessing?: PreprocessingName;
  readonly threads?: number;
  readonly json?: boolean;
}

/** A model to fine-tune: its head is new, its other weights are those given. */
export async function openForTraining({ classes, model, weights, size, json, ...rest }: StartingPoint): Promise<Model> {
  const view = new DownloadView();
  const options = { ...rest, labels: classes, imageSize: size, onProgress: view.onProgress };
  const name = model ?? (weights === undefined || weights === "random" ? listBundled()[0] : undefined);
  if (name !== undefined && !isModel(name))
    throw new ArgumentError(`--model ${name}: there is no such architecture; did you mean ${nearestModel(name)}? \`ocelli models\` lists all`);
  if (name !== undefined && weights === "random") return createModel(name, options);
  const isNamed = weights === undefined || isRemote(weights) || kindOf(weights) === "architecture";
  const opening =
    weights === undefined
      ? createModel(name as string, { ...options, pretrained: true, newHead: listBundled().includes(name as string) ? undefined : true })
      : openWeights(weights, name, options);
  const opened = await opening.finally(() => view.clear());
  if (isNamed) sayOrigin(opened, json);
  return opened;
}

/** Weights of the architecture that they name; where they name none, of `model`. */
async function openWeights(weights: string, model: string | undefined, options: CreateOptions): Promise<Model> {
  const { architecture: named, isOurs, isForeign } = await identify(weights, options);
  if (isForeign) return withNewHead(weights, model, options);
  if (!named && !model) throw new ArgumentError(`--weights ${weights}: the file does not say of which architecture its weights are; add --model <name>`);
  if (named && model && named !== model) throw new ArgumentError(`--model ${model}: the weights are of ${named} (${weights})`);
  const isName = kindOf(weights) === "architecture";
  // Weights that say nothing of their classes were trained on others than these.
  const newHead = isOurs ? undefined : true;
  return createModel(isName ? weights : (named ?? (model as string)), { ...options, pretrained: isName || weights, newHead });
}

/** A network of another program for other classes. */
async function withNewHead(weights: string, model: string | undefined, { labels = [], seed, ...options }: CreateOptions): Promise<Model> {
  if (model) throw new ArgumentError(`--model ${model}: the file has a network of its own (${weights})`);
  const { threads, imageSize, preprocessing, onProgress } = options;
  if (options.options) throw new ArgumentError(`model.options: the file has a network of its own (${weights})`);
  const opened = preparing(await loadModel(weights, { threads, imageSize, preprocessing, onProgress }), weights);
  try {
    return await opened.replaceHead(labels, { seed });
  } finally {
    opened.close();
  }
}
