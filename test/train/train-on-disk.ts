/** A training that writes checkpoints of 14 MB: to the path in argv, going on from it where it is there. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Model } from "../../src/model/model.js";
import { Trainer } from "../../src/train/trainer.js";
import { tinyCnn, tinyData } from "./tiny.js";

export async function trainOnDisk(checkpoint: string, signal?: AbortSignal): Promise<Model> {
  const model = await tinyCnn({ imageSize: 28, seed: 1 });
  const data = { train: tinyData(8, { channels: 1, side: 28 }) };
  const trainer = new Trainer(model, data, { optimizer: "adamw", epochs: 4, batchSize: 4, lr: 1e-3, checkpoint, signal });
  if (existsSync(checkpoint)) await trainer.resume(checkpoint);
  await trainer.fit();
  return model;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await trainOnDisk(process.argv[2]);
