/**
 * Trains the quick start's backbone: ResNet-20 at 32 pixels on a folder of Tiny-ImageNet shards (`train-*.tar`,
 * `val.tar`), 200 classes. Writes a checkpoint after every epoch and, at the end, the float16 model file.
 *
 * npx tsx scripts/train-backbone.ts <shards> <checkpoint> <output> [threads]
 */
import { existsSync } from "node:fs";
import { createModel, TarShards, Trainer, transforms } from "../src/index.js";

const [shards, checkpoint, output, threads = "1"] = process.argv.slice(2);
const seed = 0;
const train = await TarShards.open(`${shards}/train-{0..3}.tar`, { prefix: "train/" });
const validation = await TarShards.open(`${shards}/val.tar`, { prefix: "val/", classes: train.classes });
const model = await createModel("resnet20", { labels: train.classes, threads: Number(threads), build: "simd", seed });
const { mean, std, crop } = model.preprocessing;
const trainer = new Trainer(
  model,
  { train, validation },
  {
    epochs: 8,
    lr: 0.2,
    schedule: "oneCycle",
    batchSize: 128,
    optimizer: "sgd",
    nesterov: true,
    weightDecay: 5e-4,
    labelSmoothing: 0.1,
    batchNorm: "train",
    transforms: [transforms.RandomResizedCrop(crop as number, { scale: [0.35, 1] }), transforms.RandomHorizontalFlip(), transforms.Normalize(mean, std)],
    seed,
    checkpoint,
    onNotice: console.log,
    onProgress: ({ epoch, step, steps, loss, accuracy, validation: checked, imagesPerSecond, eta }) => {
      if (checked || step % 50 === 0)
        console.log(
          JSON.stringify({
            epoch,
            step,
            steps,
            loss,
            accuracy,
            validation: checked && { loss: checked.loss, accuracy: checked.accuracy },
            imagesPerSecond,
            eta,
          }),
        );
    },
  },
);
if (existsSync(checkpoint)) await trainer.resume(checkpoint);
await trainer.fit();
await model.save(output, {
  dtype: "float16",
  notes: {
    weights: "ResNet-20 trained by Ocelli on 60,000 Tiny-ImageNet images, 200 classes",
    terms: "learnt from images under ImageNet's terms (research and education, non-commercial); see NOTICE.md",
  },
});
model.close();
