import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import type { Model } from "../../src/model/model.js";
import { hasBuild } from "../../src/runtime/instance.js";
import { pool } from "../../src/runtime/pool.js";
import { imageBatches } from "../../src/train/batches.js";
import { fineTune } from "../../src/train/fine-tune.js";
import type { TrainerOptions } from "../../src/train/options.js";
import { Trainer } from "../../src/train/trainer.js";
import type { CreateOptions } from "../../src/zoo/create-model.js";
import "../harness/kernels.js"; // Lets Node 20 run relaxed SIMD.
import { classes, jitter, learned, tinyCnn, tinyData, tinyResnet } from "./tiny.js";

const folder = mkdtempSync(join(tmpdir(), "ocelli-same-bits-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ways: Record<string, CreateOptions> = { inline: { inline: true }, "1 thread": { inline: false, threads: 1 }, "2 threads": { inline: false, threads: 2 } };
const networks: [string, (options: CreateOptions) => Promise<Model>, TrainerOptions, 1 | 3][] = [
  ["resnet20, sgd", tinyResnet, { optimizer: "sgd", lr: 0.02, nesterov: true, maxNorm: 5, labelSmoothing: 0.1, batchNorm: "train" }, 3],
  ["small_cnn, adamw", tinyCnn, { optimizer: "adamw", lr: 1e-3, schedule: "cosine", warmup: 0.2 }, 1],
];

const builds = (["simd", "relaxed", "turbo"] as const).filter(hasBuild);
const cases = networks.flatMap(([name, ...rest]) => builds.map((build) => [name, build, ...rest] as const));
/** Trains in exactly this build: where the engine does not join vectors, `turbo` gives the same numbers, only slower. */
vi.mock("../../src/runtime/turbo.js", () => ({ joinVectors: async () => undefined }));

test.each(cases)("%s: any number of threads gives the same checkpoint, byte for byte, in build %s", async (_, build, make, options, channels) => {
  const files: Buffer[] = [];
  for (const [way, create] of Object.entries(ways)) {
    const model = await make({ ...create, seed: 3 });
    const before = await model.parameters();
    const path = join(folder, way);
    const data = { train: tinyData(26, { channels }), validation: tinyData(7, { channels, seed: 9 }) };
    const trainer = new Trainer(model, data, { epochs: 3, batchSize: 8, seed: 5, patience: 3, transforms: jitter(model), ...options, build, checkpoint: path });
    const counts = await model.session.kernelCalls();
    const losses = (await trainer.fit()).map(({ loss }) => loss);
    expect(trainer.build).toBe(build);
    expect(await learned(model, before, losses)).toEqual([]);
    if (way === "2 threads") (await model.session.kernelCalls()).forEach((calls, thread) => expect(calls - counts[thread]).toBeGreaterThan(300));
    files.push(readFileSync(path));
    model.close();
  }
  expect(files[1].equals(files[0])).toBe(true);
  expect(files[2].equals(files[0])).toBe(true);
});

test("everything in training runs in the build that was asked for, whatever the model's is", async () => {
  const files: Uint8Array[] = [];
  for (const build of builds) {
    const model = await tinyResnet({ build: "simd", seed: 3 });
    const prepare = vi.spyOn(model.session, "prepare");
    const data = { train: tinyData(12), validation: tinyData(6, { seed: 9 }) };
    const records = await fineTune(model, data, { epochs: 1, freezeEpochs: 1, batchSize: 8, build });
    expect(records.map(({ validation }) => validation?.loss)).toEqual([expect.any(Number), expect.any(Number)]);
    expect(prepare.mock.calls.length).toBeGreaterThan(4);
    expect(prepare.mock.calls.map(([, options]) => options?.build)).toEqual(prepare.mock.calls.map(() => build));
    files.push(await model.save());
    model.close();
  }
  const [simd, relaxed, turbo] = files.map((file) => Buffer.from(file));
  if (relaxed) expect(relaxed.equals(simd)).toBe(false);
  if (turbo) expect(turbo.equals(relaxed)).toBe(true);
});

test("gradientCheckpointing takes less memory for the same checkpoint, byte for byte", async () => {
  const files: Buffer[] = [];
  const arenas: number[] = [];
  for (const gradientCheckpointing of [false, true]) {
    const model = await tinyResnet({ inline: false, threads: 2, seed: 3 });
    const path = join(folder, `checkpointing ${gradientCheckpointing}`);
    const options = { epochs: 2, batchSize: 8, seed: 5, maxNorm: 5, batchNorm: "train", transforms: jitter(model) } as const;
    await new Trainer(model, { train: tinyData(26) }, { ...options, gradientCheckpointing, checkpoint: path }).fit();
    files.push(readFileSync(path));
    arenas.push(model.memory().activations);
    model.close();
  }
  expect(files[1].equals(files[0])).toBe(true);
  expect(arenas[1]).toBeLessThan(arenas[0]);
});

test("fineTune: both phases give the same model file with 1 and 2 threads, and another one with another seed", async () => {
  const files: Uint8Array[] = [];
  for (const [threads, seed] of [
    [1, 1],
    [2, 1],
    [2, 2],
  ]) {
    const model = await tinyResnet({ inline: false, threads, seed: 3 });
    const data = { train: tinyData(24), validation: tinyData(6, { seed: 9 }) };
    const records = await fineTune(model, data, { epochs: 1, freezeEpochs: 2, batchSize: 8, baseLr: 0.01, seed });
    expect(records.map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual(["head 1", "head 2", "all 3"]);
    files.push(await model.save());
    model.close();
  }
  expect(Buffer.compare(files[0], files[1])).toBe(0);
  expect(Buffer.compare(files[1], files[2])).not.toBe(0);
});

test("augmented batches are the same whichever threads prepare them", async () => {
  const model = await tinyResnet();
  const data = tinyData(20);
  const epoch = async (inline: boolean, stream: number) => {
    const source = imageBatches({
      data,
      labels: classes.map((_, i) => i),
      order: Uint32Array.from({ length: 20 }, (_, i) => (7 * i) % 20),
      batchSize: 6,
      pipeline: jitter(model),
      imageSize: model.imageSize,
      channels: 3,
      seed: 1,
      stream: [2, 0, stream],
      inline,
    });
    const batches = [];
    for (let index = 0; index < 4; index++) {
      const { x, labels } = await source(index);
      batches.push({ x: x.slice(), labels });
    }
    return batches;
  };
  const alone = await epoch(true, 0);
  expect(alone.map(({ labels }) => labels.length)).toEqual([6, 6, 6, 2]);
  const workers = (await pool(3)) as unknown as { workers: { hasTasks: boolean }[] };
  expect(await epoch(false, 0)).toEqual(alone);
  expect(workers.workers.filter(({ hasTasks }) => hasTasks).length).toBeGreaterThanOrEqual(3);
  expect(await epoch(false, 0)).toEqual(alone);
  expect((await epoch(true, 1))[0].x).not.toEqual(alone[0].x);
  model.close();
});
