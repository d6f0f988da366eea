import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { Argument, Command } from "commander";
import { codeSnippet, exportPage } from "../vision/index.js";
import { openModel } from "./open-model.js";
import { addEngineOptions, addInputOptions, type EngineOptions, type InputOptions, modelArgument } from "./options.js";
import { formatBytes, printJson } from "./output.js";
import { checkWritable } from "./paths.js";

interface ExportOptions extends EngineOptions, InputOptions {
  readonly output?: string;
  readonly title?: string;
}

export function exportCommand(): Command {
  const command = new Command("export")
    .description("Take a model away: one HTML file with the engine and the model inside, or code that uses the model's file")
    .addArgument(new Argument("<what>", "page: an HTML file that classifies images, also offline; node, browser: code").choices(["page", "node", "browser"]))
    .argument("<model>", modelArgument)
    .option("-o, --output <file>", "where to write it (default: model.html for a page; code goes to standard output)")
    .option("--title <text>", "heading of the page (default: the classes)")
    .action(run);
  return addEngineOptions(addInputOptions(command));
}

async function run(what: "page" | "node" | "browser", source: string, { output, title, json, ...options }: ExportOptions): Promise<void> {
  const file = output ?? (what === "page" ? "model.html" : undefined);
  if (file) checkWritable(file);
  const text = what === "page" ? await pageOf(source, title, { ...options, json }) : codeSnippet({ runtime: what, file: basename(source) });
  if (file) writeFileSync(file, text);
  if (json) printJson(file ? { file, bytes: Buffer.byteLength(text) } : { code: text });
  else if (file) console.log(`wrote ${file}, ${formatBytes(Buffer.byteLength(text))}`);
  else process.stdout.write(text);
}

async function pageOf(source: string, title: string | undefined, options: EngineOptions & InputOptions): Promise<string> {
  const model = await openModel(source, options);
  const page = await exportPage(model, { title });
  model.close();
  return page;
}
