import { existsSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { Command } from "commander";
import { ArgumentError, listBundled, StorageError } from "../index.js";
import { EmbeddingIndex, type IndexItem } from "../vision/index.js";
import { openModel } from "./open-model.js";
import { addEngineOptions, addInputOptions, type EngineOptions, type InputOptions, numberWithin, wholeNumber } from "./options.js";
import { formatTable, printJson } from "./output.js";
import { listImages } from "./paths.js";
import { ProgressBar } from "./progress.js";

interface SearchCommandOptions extends EngineOptions, InputOptions {
  readonly model: string;
  readonly topK: number;
  readonly index?: string;
  readonly duplicates?: boolean;
  readonly threshold: number;
}

export function searchCommand(): Command {
  const command = new Command("search")
    .description("Find the images of a folder that look most like others, or those that are in it twice")
    .argument("<folder>", "images, also in folders below")
    .argument("[images...]", "what to look for: image files or URLs")
    .option("-m, --model <name>", "whose embeddings to compare: model file, folder, URL, hf-hub:owner/name or architecture", listBundled()[0])
    .option("-k, --top-k <n>", "images to print for each", wholeNumber(1), 10)
    .option("--duplicates", "print groups of images that are one picture, resized or compressed again")
    .option("--threshold <cosine>", "from which two images count as one picture", numberWithin(0, 1), 0.9)
    .option("--index <file>", "where the embeddings are kept for the next time (default: .ocelli-index.safetensors in the folder)")
    .action(run);
  return addEngineOptions(addInputOptions(command));
}

async function run(
  folder: string,
  queries: string[],
  { model: source, topK, index: file, duplicates, threshold, json, ...options }: SearchCommandOptions,
): Promise<void> {
  if (queries.length === 0 && !duplicates) throw new ArgumentError("search: give an image to look for, or --duplicates");
  const items = listImages([folder]).map((path): IndexItem => {
    const { size, mtimeMs } = statSync(path);
    return { id: relative(folder, path), image: path, version: `${size} ${Math.round(mtimeMs)}` };
  });
  const model = await openModel(source, { ...options, json });
  const place = file ?? join(folder, ".ocelli-index.safetensors");
  const bar = new ProgressBar();
  const how = {
    badImages: "skip",
    onBadImage: ({ error }: { error: Error }) => (json ? printJson({ error: { message: error.message } }) : console.error(`ocelli: skipped ${error.message}`)),
    onProgress: (done: number, total: number) => bar.update("embedding", done / total, `${done} of ${total} images`),
  } as const;
  const kept = existsSync(place) ? await EmbeddingIndex.load(place) : new EmbeddingIndex();
  const there = new Set(items.map(({ id }) => id));
  const gone = kept.ids.filter((id) => !there.has(id) && kept.remove(id));
  let index = kept;
  let added: number;
  try {
    added = await kept.addImages(model, items, how);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    index = new EmbeddingIndex(); // the one that is there is another model's
    added = await index.addImages(model, items, how);
  }
  bar.clear();
  if (added + gone.length > 0) {
    await index.save(place).catch((error) => {
      if (!(error instanceof StorageError)) throw error;
      console.error(`ocelli: the index is not kept: ${error.message}`);
    });
  }
  for (const image of queries) {
    const matches = await index.searchImage(model, image, { k: topK });
    if (json) printJson({ image, matches });
    else console.log(formatTable(matches.map(({ id, similarity }) => [join(folder, id), similarity.toFixed(3)])));
  }
  if (duplicates) {
    const groups = await index.duplicates({ threshold });
    if (json) printJson({ duplicates: groups });
    else for (const { ids, similarity } of groups) console.log(`${similarity.toFixed(3)}  ${ids.map((id) => join(folder, id)).join("  ")}`);
  }
  model.close();
}
