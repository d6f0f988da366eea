import { Command } from "commander";
import { type CommonOptions, commonOptions, openModel } from "./options.js";
import { printJson } from "./output.js";

export function embedCommand(): Command {
  const command = new Command("embed")
    .description("Print the pooled features of images, one line each: the path and its numbers, tab-separated.")
    .argument("<model>", "model file, or a name that ships with the package")
    .argument("<images...>", "image files or URLs")
    .action(embed);
  for (const option of commonOptions()) command.addOption(option);
  return command;
}

async function embed(source: string, images: string[], options: CommonOptions): Promise<void> {
  const model = await openModel(source, options);
  const embeddings = await model.embed(images);
  images.forEach((image, i) => {
    if (options.json) printJson({ image, embedding: [...embeddings[i]] });
    else console.log([image, ...embeddings[i]].join("\t"));
  });
  model.close();
}
