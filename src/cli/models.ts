import { Command } from "commander";
import { listModels } from "../index.js";
import { addOutputOptions, type OutputOptions } from "./options.js";
import { printJson } from "./output.js";

export function modelsCommand(): Command {
  const command = new Command("models")
    .description("List the architectures that there are by name")
    .argument("[filter]", 'what names must be like: "*resnet*"; `*` stands for any characters, `?` for one', "*")
    .action(list);
  return addOutputOptions(command);
}

function list(filter: string, { json = false }: OutputOptions): void {
  for (const name of listModels({ filter })) json ? printJson({ name }) : console.log(name);
}
