import { Command } from "commander";
import { OcelliError } from "../index.js";
import { eachImage } from "./each-image.js";
import { openModel } from "./open-model.js";
import { addEngineOptions, addInputOptions, type EngineOptions, type InputOptions, modelArgument } from "./options.js";
import { printJson } from "./output.js";
import { listImages } from "./paths.js";

export function embedCommand(): Command {
  const command = new Command("embed")
    .description("Print the pooled features of images: a line each, the path and its numbers, tab-separated")
    .argument("<model>", modelArgument)
    .argument("<images...>", "image files, folders of them, or URLs")
    .action(embed);
  return addEngineOptions(addInputOptions(command));
}

async function embed(source: string, paths: string[], { json, ...options }: EngineOptions & InputOptions): Promise<void> {
  const images = listImages(paths);
  const model = await openModel(source, { ...options, json });
  await eachImage(
    images,
    (some) => model.embed(some),
    (image, embedding) => {
      if (json)
        printJson(
          embedding instanceof OcelliError ? { image, error: { code: embedding.code, message: embedding.message } } : { image, embedding: [...embedding] },
        );
      else if (embedding instanceof OcelliError) console.error(`ocelli: ${embedding.message}`);
      else console.log([image, ...embedding].join("\t"));
    },
  );
  model.close();
}
