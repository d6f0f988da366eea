import { Command } from "commander";
import { createModel, listModels, loadModel, openSafetensors } from "../index.js";
import { commonOptions, type CommonOptions } from "./options.js";
import { formatBytes, formatCount, formatTable, printJson } from "./output.js";

interface InspectOptions extends CommonOptions {
  readonly layers?: boolean;
}

export function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("Show what a model file or an architecture is: layers, parameters, preprocessing.")
    .argument("<model>", "safetensors file, or the name of an architecture")
    .option("--layers", "list every layer")
    .action(inspect);
  for (const option of commonOptions()) command.addOption(option);
  return command;
}

async function inspect(source: string, { json, layers, ...options }: InspectOptions): Promise<void> {
  if (!listModels().includes(source) && !(await isClassifier(source))) return inspectTensors(source, json ?? false);
  const model = listModels().includes(source) ? await createModel(source, options) : await loadModel(source, options);
  const facts = model.describe();
  model.close();
  if (json) return printJson({ ...facts, labels: model.labels, layers: layers ? facts.layers : undefined });
  const { preprocessing: use } = facts;
  const rows = [
    ["architecture", facts.architecture],
    ["input", `[${facts.inputShape.join(", ")}]`],
    ["classes", `${facts.classes}: ${model.labels.slice(0, 6).join(", ")}${facts.classes > 6 ? ", ..." : ""}`],
    ["parameters", formatCount(facts.parameters)],
    ["multiply-adds", formatCount(facts.multiplyAdds)],
    ["weights in memory", formatBytes(facts.memory.parameters)],
    ["preprocessing", `resize ${use.resize ?? "none"} (${use.interpolation}), crop ${use.crop}, mean ${use.mean.join(" ")}, std ${use.std.join(" ")}${use.channelOrder === "bgr" ? ", BGR" : ""}`],
    ...Object.entries(facts.notes),
  ];
  console.log(formatTable(rows, { left: 2 }));
  if (layers) console.log(`\n${formatTable([["layer", "op", "output", "parameters", "flops"], ...facts.layers.map((layer) => [layer.scope || "-", layer.op, `[${layer.shape.join(",")}]`, formatCount(layer.parameters), formatCount(layer.flops)])], { left: 3 })}`);
}

async function isClassifier(source: string): Promise<boolean> {
  const file = await openSafetensors(source);
  await file.close();
  return file.metadata.has("ocelli.architecture");
}

/** A file of weights alone: its tensors. */
async function inspectTensors(source: string, json: boolean): Promise<void> {
  const file = await openSafetensors(source);
  await file.close();
  const rows = [...file.tensors].map(([name, { dtype, shape, length }]) => ({ name, dtype, shape, bytes: length }));
  if (json) return printJson({ file: source, metadata: Object.fromEntries(file.metadata), tensors: rows });
  console.log(formatTable([["tensor", "dtype", "shape", "bytes"], ...rows.map(({ name, dtype, shape, bytes }) => [name, dtype, `[${shape.join(",")}]`, formatBytes(bytes)])], { left: 3 }));
}
