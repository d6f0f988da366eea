/** What a page that only classifies must not download, told by texts of the package that no bundler and no minifier changes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Downloads } from "./visit.js";

/** Of what a page with a ResNet never needs. */
const never: Readonly<Record<string, string>> = {
  trainer: "needs validation images",
  optimisers: "nesterov needs a momentum above 0",
  "training report": "The surest come first",
  "ONNX reader": "the file has no graph",
  "ONNX writer": "counts differently in ONNX",
  "TFLite reader": "its parts lie over one another",
  "TF.js reader": "FusedDepthwiseConv2dNative",
  "weights by name": "from where the download broke off",
  "names of ImageNet's classes": "tench",
  "quantised models": "a residual is added to bytes",
  ConvNeXt: "layer_scale",
  DenseNet: "denselayer",
  GhostNet: "cheap_operation",
  GoogLeNet: "inception3a",
  "Inception v3": "branch3x3dbl_3",
  RepVGG: "conv_1x1",
  Swin: "relative_position_bias_table",
  VGG: "pre_logits.fc1",
  ViT: "encoder.layers.encoder_layer_",
};
/** Of the network that it has, which comes when it is asked for. */
const network = "linear.weight";

/** @param dist the built package, which has all of the texts @throws {Error} naming what was downloaded and should not have been, or the other way round */
export function judgeDownloads({ initial, all }: Downloads, dist: string): string {
  const texts = (folder: string) => readdirSync(folder).flatMap((name) => (name.endsWith(".js") ? readFileSync(join(folder, name), "utf8") : []));
  const whole = [...texts(dist), ...texts(join(dist, "chunks"))].join("\n");
  const among = (text: string, marks: Readonly<Record<string, string>>) => Object.keys(marks).filter((name) => text.includes(marks[name]));
  const marks: Readonly<Record<string, string>> = { ...never, network };
  const complaints = {
    "not in the package": Object.keys(marks).filter((name) => !whole.includes(marks[name])),
    "downloaded too early": among(initial, marks),
    "downloaded for nothing": among(all, never),
    "not downloaded": all.includes(network) ? [] : ["network"],
  };
  const said = Object.entries(complaints).flatMap(([what, names]) => (names.length > 0 ? `${what}: ${names.join(", ")}` : []));
  if (said.length > 0) throw new Error(said.join("; "));
  const kilobytes = (text: string) => Math.round(gzipSync(text, { level: 9 }).length / 1000);
  return `${kilobytes(initial)} kB at first, ${kilobytes(all)} kB to classify`;
}
