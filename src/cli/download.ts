import { Command } from "commander";
import { downloadWeights } from "../index.js";
import { DownloadView, originOf } from "./download-view.js";
import { addOutputOptions, type OutputOptions } from "./options.js";
import { formatBytes, formatTable, printJson } from "./output.js";

interface DownloadCommandOptions extends OutputOptions {
  readonly file?: string;
}

export function downloadCommand(): Command {
  const command = new Command("download")
    .description("Bring weights into the cache, for use without a network")
    .argument("<name>", "such as mobilenetv3_small_100.lamb_in1k, hf-hub:owner/name or a URL")
    .option("--file <name>", "the weights' file in its repository (default: model.safetensors, or the ONNX file)")
    .action(downloadNamed);
  return addOutputOptions(command);
}

async function downloadNamed(name: string, { file, json }: DownloadCommandOptions): Promise<void> {
  const view = new DownloadView();
  const { source, architecture, notes, files } = await downloadWeights(name, { file, onProgress: view.onProgress }).finally(() => view.clear());
  const path = source instanceof URL ? source.pathname : String(source);
  if (json) return printJson({ name, path, architecture, notes, files });
  const origin = originOf(notes);
  if (origin) console.error(origin);
  if (files.length > 0) console.error(formatTable(files.map(({ name, size }) => [name, formatBytes(size)])));
  console.log(path);
}
