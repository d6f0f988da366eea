/**
 * What does quantising cost on real weights and images? Needs the assets folder (`OCELLI_TEST_ASSETS`, default ../shared/assets).
 *
 * npm run verify:quantization -- [imagenette] [cifar] [--weights file]
 *
 * `imagenette`: a MobileNetV2 fine-tuned here on the training part (or read from --weights), calibrated on training images,
 * measured on the 500 validation images. `cifar`: ResNet-20, calibrated on Tiny ImageNet's training images, measured on 50 CIFAR-10 images.
 */
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createModel, type Dataset, fineTune, ImageList, loadModel, type Model, quantize, TarShards } from "../dist/index.js";

const assets = process.env.OCELLI_TEST_ASSETS ?? resolve(import.meta.dirname, "../../shared/assets");
/** The most that may be lost, in points of top-1. */
const mostPoints = 1;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { weights: { type: "string" } } });
const parts: Record<string, () => Promise<void>> = { imagenette, cifar };
for (const part of positionals.length > 0 ? positionals : Object.keys(parts)) {
  const verify = parts[part];
  if (!verify) throw new Error(`verify-quantization: expected some of ${Object.keys(parts).join(", ")}, got ${part}`);
  console.log(part);
  await verify();
}
process.exit(process.exitCode ?? 0);

async function imagenette(): Promise<void> {
  const data = await TarShards.openSplit(join(assets, "data/imagenette-small.tar"));
  await measure(values.weights ? await loadModel(values.weights) : await fineTuned(data), data.train, data.validation);
}

async function fineTuned(data: Awaited<ReturnType<typeof TarShards.openSplit>>): Promise<Model> {
  const half = [0.5, 0.5, 0.5];
  const model = await createModel("mobilenet_v2", {
    pretrained: join(assets, "weights/mobilenet_v2_1.0_224_coral_tf2ptq/model.safetensors"),
    options: { padding: "same" },
    preprocessing: { resize: 256, crop: 224, interpolation: "bilinear", mean: half, std: half },
    labels: data.classes,
  });
  await fineTune(model, data, { epochs: 1 });
  return model;
}

async function cifar(): Promise<void> {
  const folder = join(assets, "images/cifar10/test");
  const classes = readdirSync(folder).sort();
  const photos = classes.flatMap((label) => readdirSync(join(folder, label)).map((name) => ({ image: join(folder, label, name), label })));
  const model = await createModel("resnet20", { pretrained: join(assets, "weights/cifar_resnet20/model.safetensors"), labels: classes });
  const others = await TarShards.open(join(assets, "data/tiny-imagenet/train-0.tar"));
  await measure(model, others, ImageList.from(photos, { classes }));
}

async function measure(model: Model, calibration: Dataset, validation: Dataset): Promise<void> {
  const quantized = await quantize(model, calibration, { validation, maxLoss: mostPoints / 100 }).catch((error: Error) => {
    console.log(`FAILED    ${error.message}`);
    process.exitCode = 1;
  });
  quantized?.close();
  model.close();
}
