import { Command } from "commander";
import { describeArchitecture, openSafetensors, type Preprocessing } from "../index.js";
import { DownloadView } from "./download-view.js";
import { identify, kindOf, openAnyModel } from "./open-model.js";
import { addOutputOptions, type OutputOptions } from "./options.js";
import { formatBytes, formatCount, formatTable, printJson } from "./output.js";

interface InspectOptions extends OutputOptions {
  readonly layers?: boolean;
}

export function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("Show what a model file or an architecture is")
    .argument("<model>", "safetensors file, folder, URL, hf-hub:owner/name, or an architecture; with a tag, its weights too")
    .option("--layers", "list every layer")
    .action(inspect);
  return addOutputOptions(command);
}

async function inspect(source: string, { json = false, layers }: InspectOptions): Promise<void> {
  const hasWeights = kindOf(source) === "file" || source.includes("."); // a name with a tag stands for weights
  const view = new DownloadView();
  const known = hasWeights ? await identify(source, view).finally(() => view.clear()) : undefined;
  if (known && !known.architecture && !known.isForeign) return inspectTensors(known.file, json);
  const { labels, notes, ...facts } = hasWeights ? await factsOfFile(source) : { ...(await describeArchitecture(source)), labels: undefined, notes: {} };
  if (json) {
    const { architecture, options, unverified, inputShape, classes, parameters, flops, multiplyAdds } = facts;
    return printJson({
      architecture,
      options,
      unverified,
      inputShape,
      classes,
      labels,
      parameters,
      flops,
      multiplyAdds,
      preprocessing: facts.preprocessing ?? null,
      notes,
      layers: layers ? facts.layers : undefined,
    });
  }
  const rows = [
    ["architecture", `${facts.architecture}${facts.unverified ? " (unverified: no published checkpoint has been run)" : ""}`],
    ["input", `[${facts.inputShape.join(", ")}]`],
    ["classes", `${facts.classes}${labels ? `: ${labels.slice(0, 8).join(", ")}${facts.classes > 8 ? ", ..." : ""}` : ""}`],
    ["parameters", formatCount(facts.parameters)],
    ["multiply-adds", `${formatCount(facts.multiplyAdds)} an image`],
    ...preprocessingRows(facts.preprocessing),
    ...Object.entries(notes),
  ];
  console.log(formatTable(rows, { left: 2 }));
  if (!layers) return;
  const lines = facts.layers.map(({ scope, op, shape, parameters, flops }) => [
    scope || "-",
    op,
    `[${shape.join(",")}]`,
    formatCount(parameters),
    formatCount(flops),
  ]);
  console.log(`\n${formatTable([["layer", "op", "output", "parameters", "flops"], ...lines], { left: 3 })}`);
}

function preprocessingRows(use: Preprocessing | undefined): string[][] {
  if (!use) return [["preprocessing", "unknown: the file does not say; give --preprocessing where a command asks for it"]];
  return [
    ["preprocessing", `resize ${use.resize ?? "none"} (${use.interpolation}), crop ${use.crop}`],
    [
      "",
      `mean ${use.mean.join(" ")}, std ${use.std.join(" ")}${use.scale === undefined ? "" : `, scale ${use.scale}`}${use.channelOrder === "bgr" ? ", BGR" : ""}`,
    ],
  ];
}

async function factsOfFile(source: string) {
  const model = await openAnyModel(source, { inline: true, json: true });
  const facts = { ...model.describe(), labels: model.labels };
  model.close();
  return facts;
}

/** A file of weights alone: its tensors. */
async function inspectTensors(source: string, json: boolean): Promise<void> {
  const file = await openSafetensors(source);
  await file.close();
  const rows = [...file.tensors].map(([name, { dtype, shape, length }]) => ({ name, dtype, shape, bytes: length }));
  if (json) return printJson({ file: source, metadata: Object.fromEntries(file.metadata), tensors: rows });
  const lines = rows.map(({ name, dtype, shape, bytes }) => [name, dtype, `[${shape.join(",")}]`, formatBytes(bytes)]);
  console.log(formatTable([["tensor", "dtype", "shape", "bytes"], ...lines], { left: 3 }));
  console.log(`\n${rows.length} tensors, ${formatBytes(rows.reduce((sum, { bytes }) => sum + bytes, 0))}; the file does not say of which architecture`);
}
