import { existsSync } from "node:fs";
import { ArgumentError, createModel, listBundled, listModels, loadModel, type Model, openSafetensors } from "../index.js";
import type { EngineOptions } from "./options.js";

/** What an argument names: a file or URL, or an architecture. @throws {ArgumentError} where it is neither */
export function kindOf(source: string): "file" | "architecture" {
  if (existsSync(source) || /[./\\]/.test(source)) return "file";
  if (listModels().includes(source)) return "architecture";
  throw new ArgumentError(`"${source}" is no file and no architecture; architectures are ${listModels().join(", ")}`);
}

/** A model file of ours, or an architecture with weights that ship with the package. */
export async function openModel(source: string, { threads, build }: EngineOptions): Promise<Model> {
  return kindOf(source) === "file" ? loadModel(source, { threads, build }) : createModel(source, { pretrained: true, threads, build });
}

/** The architecture that a model file of ours names, if the file is one. */
export async function architectureIn(source: string): Promise<string | undefined> {
  const file = await openSafetensors(source);
  await file.close();
  const text = file.metadata.get("ocelli.architecture");
  return text && (JSON.parse(text) as { name: string }).name;
}

export interface StartingPoint {
  readonly classes: readonly string[];
  /** Architecture; default that of the weights, else the first that the package has weights for. */
  readonly model?: string;
  /** A safetensors file, or `random`; default the package's own. */
  readonly weights?: string;
  readonly size?: number;
  readonly seed?: number;
  readonly threads?: number;
}

/** A model to fine-tune: its head is new, its other weights are those given. */
export async function openForTraining({ classes, model, weights, size, seed, threads }: StartingPoint): Promise<Model> {
  const options = { labels: classes, imageSize: size, seed, threads };
  if (weights === undefined || weights === "random") {
    const name = model ?? listBundled()[0];
    if (!listModels().includes(name)) throw new ArgumentError(`--model ${name}: there is no such architecture; there are ${listModels().join(", ")}`);
    if (!weights && !listBundled().includes(name)) {
      throw new ArgumentError(
        `--model ${name}: the package has weights for ${listBundled().join(", ")} only; give --weights <file>, or --weights random to start from none`,
      );
    }
    return createModel(name, { ...options, pretrained: !weights });
  }
  const named = await architectureIn(weights);
  if (!named && !model) throw new ArgumentError(`--weights ${weights}: the file does not say of which architecture its weights are; add --model <name>`);
  if (named && model && named !== model) throw new ArgumentError(`--model ${model}: the weights are of ${named} (${weights})`);
  // Weights that say nothing of their classes were trained on others than these.
  return createModel(named ?? (model as string), { ...options, pretrained: weights, newHead: named ? undefined : true });
}
