import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { ArgumentError } from "../../src/core/errors.js";
import type { Model } from "../../src/model/model.js";
import type { Network } from "../../src/nn/architecture.js";
import { linear } from "../../src/nn/linear.js";
import { sgdHyper } from "../../src/optim/hyper.js";
import { Session } from "../../src/runtime/session.js";
import { RememberedAnswers } from "../../src/train/answers.js";
import { type Distillation, type DistillationSettings, distillationSettings } from "../../src/train/distillation.js";
import type { Phase, TrainerOptions } from "../../src/train/options.js";
import { hyperName, trainingGraph } from "../../src/train/step.js";
import { lessonOf, Teacher } from "../../src/train/teacher.js";
import { Trainer } from "../../src/train/trainer.js";
import { classes, jitter, learned, tinyCnn, tinyData, tinyResnet } from "./tiny.js";

interface Tensor {
  shape: number[];
  data: number[];
}
/** PyTorch's steps: scripts/fixtures/distillation.py. */
const fixture = JSON.parse(readFileSync("test/fixtures/distillation.json", "utf8")) as {
  lr: number;
  x: Tensor;
  labels: number[];
  teacherLogits: number[][];
  teacherEmbedding: number[][];
  start: Record<string, Tensor>;
  cases: {
    logits?: { weight: number; temperature: number };
    embedding?: { weight: number; loss: "cosine" | "mse" };
    loss: number;
    end: Record<string, number[]>;
  }[];
};

/** PyTorch's [out, in] as memory has it. */
function turned({ shape: [rows, columns], data }: Tensor): Float32Array {
  if (columns === undefined) return Float32Array.from(data);
  return Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
}

describe("one step is PyTorch's", () => {
  const student = {
    backbone: (net, x) => linear(net.at("backbone"), x, { features: 8 }),
    head: (net, x, numClasses) => linear(net.at("head"), x, { features: numClasses }),
    embedding: (features) => features,
    classifier: [],
  } satisfies Network;

  test.each(fixture.cases.map((each) => ({ name: JSON.stringify([each.logits, each.embedding]), ...each })))("$name", async (given) => {
    const { logits, embedding } = given;
    const [images, width] = [fixture.labels.length, fixture.teacherEmbedding[0].length];
    const distillation: DistillationSettings = {
      teacher: "t",
      teacherSize: [1, 1],
      views: 0,
      ...(logits && { logits: { ...logits, classes: fixture.teacherLogits[0].map((_, i) => [i]) } }),
      ...(embedding && { embedding: { ...embedding, width } }),
    };
    const answers = fixture.labels.map((_, i) =>
      Float32Array.from([...(logits ? fixture.teacherLogits[i] : []), ...(embedding ? fixture.teacherEmbedding[i] : [])]),
    );
    const { inputs, entropy } = lessonOf(answers, distillation);
    const settings = { optimizer: "sgd", nesterov: false, maxNorm: 0, labelSmoothing: 0, batchNorm: "frozen", from: "images", groupOf: () => 0 } as const;
    const graph = trainingGraph(student as never, 5, fixture.x.shape, { ...settings, distillation });
    const session = await Session.open({ build: "simd", inline: true });
    const program = await session.prepare(graph);
    const names = Object.keys(fixture.start).filter((name) => embedding || !name.startsWith("projection"));
    const kept = (name: string) => (name.startsWith("projection") ? `optimizer.${name}` : name);
    for (const name of names) await session.write(kept(name), turned(fixture.start[name]));
    const hyper = sgdHyper({ lr: fixture.lr });
    const rates = Object.fromEntries([true, false].map((decays) => [hyperName(0, decays), hyper]));
    const feeds = { x: Float32Array.from(fixture.x.data), labels: Int32Array.from(fixture.labels), random: new Int32Array(4), ...rates, ...inputs };
    const { loss } = await program.run(feeds);
    expect(loss[0] - entropy).toBeCloseTo(given.loss, 5);
    expect(loss[0]).toBeGreaterThan(0);
    for (const name of names) {
      const found = await session.read<Float32Array>(kept(name));
      const expected = turned({ shape: fixture.start[name].shape, data: given.end[name] });
      expect(found.length).toBe(images > 0 ? expected.length : 0);
      found.forEach((value, i) => expect(value, `${name}[${i}]`).toBeCloseTo(expected[i], 5));
    }
    session.close();
  });
});

const folder = mkdtempSync(join(tmpdir(), "ocelli-distillation-"));
afterAll(() => rmSync(folder, { recursive: true }));
const data = { train: tinyData(21), validation: tinyData(6, { seed: 9 }) };

/** Trains a small student; the teacher stays open. */
async function taught(teacher: Model, distillation: Omit<Distillation, "teacher">, options: TrainerOptions = {}, resume?: string) {
  const model = await tinyResnet({ seed: 3 });
  const before = await model.parameters();
  const settings = {
    epochs: 4,
    batchSize: 8,
    seed: 5,
    lr: 0.02,
    batchNorm: "train",
    transforms: jitter(model),
    distillation: { teacher, ...distillation },
  } as const;
  const trainer = new Trainer(model, data, { ...settings, ...options });
  if (resume) await trainer.resume(resume);
  const records = await trainer.fit();
  const losses = records.map(({ loss }) => loss);
  expect(await learned(model, before, losses)).toEqual([]);
  const file = Buffer.from((await model.save()) as Uint8Array);
  expect(model.session.keptValues().filter(({ kind }) => kind === "state")).toEqual([]);
  model.close();
  return { file, records };
}

describe("a student learns from a teacher", () => {
  const opened = tinyCnn({ seed: 8, imageSize: 12, labels: ["bright", "other", "dark", "middle"] });
  afterAll(async () => (await opened).close());
  const both = { logits: { temperature: 2 }, embedding: { weight: 0.5 } } as const;

  test("whose weights stay, whose answers change the result, and which sees pictures of its own size and channels", async () => {
    const teacher = await opened;
    const before = await teacher.parameters();
    const first = await taught(teacher, both);
    expect(await teacher.parameters()).toEqual(before);
    expect((await taught(teacher, both)).file.equals(first.file)).toBe(true);
    expect((await taught(teacher, { ...both, embedding: undefined })).file.equals(first.file)).toBe(false);
    const anySize = await tinyResnet({ seed: 4, imageSize: 16, labels: [...classes].reverse() });
    const large = await taught(anySize, both);
    expect((await taught(anySize, { ...both, teacherSize: [16, 16] })).file.equals(large.file)).toBe(true);
    expect((await taught(anySize, { ...both, teacherSize: 11 })).file.equals(large.file)).toBe(false);
    anySize.close();
    const mixed = await taught(teacher, both, { mixing: { mixup: 0.2 } });
    expect(mixed.records.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    const accumulated = await taught(teacher, both, { accumulate: 2, optimizer: "adamw", lr: 2e-3, ema: { decay: 0.1 } });
    expect(accumulated.records.every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  test("with the same scores as its own, the loss of the teacher's part is 0", async () => {
    const teacher = await tinyResnet({ seed: 3 });
    const student = await tinyResnet({ seed: 3 });
    const transforms = jitter(student);
    const distillation = { teacher, logits: { weight: 1, temperature: 3 } };
    const options = { epochs: 1, batchSize: 7, lr: 0, batchNorm: "frozen", weightDecay: 0, transforms, distillation } as const;
    const [{ loss }] = await new Trainer(student, data, options).fit();
    expect(Math.abs(loss)).toBeLessThan(1e-5);
    teacher.close();
    student.close();
  });

  test("views: the teacher is asked once for each, and a killed run goes on to the same bits", async () => {
    const teacher = await opened;
    const views = { ...both, views: 2 };
    const whole = await taught(teacher, views);
    const limited = await taught(teacher, { ...views, cacheBytes: 300 });
    expect(limited.file.equals(whole.file)).toBe(true);

    const checkpoint = join(folder, "killed");
    const stop = new AbortController();
    const onProgress: TrainerOptions["onProgress"] = ({ step }) => step === 8 && stop.abort(new Error("killed"));
    await expect(taught(teacher, views, { checkpoint, signal: stop.signal, onProgress })).rejects.toThrow("killed");
    expect((await taught(teacher, views, {}, checkpoint)).file.equals(whole.file)).toBe(true);

    const other = await tinyCnn({ seed: 9, imageSize: 12, labels: ["bright", "other", "dark", "middle"] });
    await expect(taught(other, views, {}, checkpoint)).rejects.toThrow("a teacher of other weights");
    await expect(taught(teacher, both, {}, checkpoint)).rejects.toThrow("trained with distillation");
    const mixed = taught(teacher, views, { mixing: { mixup: 0.2 } });
    await expect(mixed).rejects.toThrow(
      "train: distillation: views are pictures that are shown again, mixing makes others each time: expected views 0 beside it, got 2",
    );
    const phases: Phase[] = [{ name: "head", epochs: 1, train: "head", lr: 0.1, lrMult: 1, schedule: "constant" }];
    await expect(taught(teacher, views, { phases })).rejects.toThrow("phases that train only the head learn without a teacher");
    other.close();
  });

  test("answers of views that are known are not asked for again", async () => {
    const [teacher, student] = [await opened, await tinyResnet({ seed: 3 })];
    const asked = { teacher, views: 2, ...both };
    const subject = new Teacher(teacher, student, distillationSettings(asked, student), "simd", new RememberedAnswers(100));
    const x = new Float32Array(2 * 8 * 8 * 3).map((_, i) => (i % 7) / 7);
    const shown = { positions: [4, 2], images: 5, imageSize: [8, 8], pictures: async () => x } as const;
    const first = await subject.lesson({ ...shown, epoch: 0 });
    const again = await subject.lesson({ ...shown, epoch: 2, pictures: () => Promise.reject(new Error("not needed")) });
    expect(again).toEqual(first);
    expect(subject.asked).toBe(2);
    await subject.lesson({ ...shown, epoch: 1 });
    expect(subject.asked).toBe(4);
    await subject.close();
    student.close();
  });

  test("a file keeps the answers: a training that finds them there does not ask, whatever its phases", async () => {
    const teacher = await opened;
    const views = { ...both, views: 2 };
    const phase = { train: "all", lr: 0.02, lrMult: 1, schedule: "constant" } as const;
    const phases: Phase[] = [
      { ...phase, name: "small", epochs: 1, imageSize: 6 },
      { ...phase, name: "whole", epochs: 2 },
    ];
    const path = join(folder, "answers");
    const inMemory = await taught(teacher, views, { phases });
    const kept = await taught(teacher, { ...views, answers: path }, { phases });
    expect(kept.file.equals(inMemory.file)).toBe(true);
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(36 + 2 * 21 * (8 + 2 * (classes.length + 128)));

    const silent = vi.spyOn(Teacher.prototype as unknown as { ask(): never }, "ask").mockImplementation(() => expect.fail("it was asked"));
    const again = await taught(teacher, { ...views, answers: path }, { phases });
    silent.mockRestore();
    expect(again.file.equals(inMemory.file)).toBe(true);

    writeFileSync(path, bytes.subarray(0, bytes.length - 30)); // killed while it wrote
    expect((await taught(teacher, { ...views, answers: path }, { phases })).file.equals(inMemory.file)).toBe(true);
    expect(readFileSync(path).length).toBe(bytes.length);

    const other = await tinyCnn({ seed: 9, imageSize: 12, labels: ["bright", "other", "dark", "middle"] });
    await expect(taught(other, { ...views, answers: path })).rejects.toThrow("the file's are of another teacher, other images, views or pictures");
    await expect(taught(teacher, { ...views, views: 3, answers: path }, { phases })).rejects.toThrow(ArgumentError);
    await expect(taught(teacher, { ...both, answers: path })).rejects.toThrow("answers are those of views; expected views above 0");
    writeFileSync(path, "something else, which is long enough");
    await expect(taught(teacher, { ...views, answers: path })).rejects.toThrow("the file holds none of a teacher");
    await expect(taught(teacher, { ...views, answers: folder })).rejects.toThrow(`cannot use ${folder}: it is a folder`);
    other.close();
  });

  test("classes by name, by number, and several in one; what does not fit is named", async () => {
    const [teacher, student] = [await opened, await tinyResnet({ seed: 3 })];
    const settings = (distillation: Partial<Distillation>) => distillationSettings({ teacher, ...distillation }, student);
    expect(classes).toEqual(["dark", "middle", "bright"]);
    expect(settings({}).logits?.classes).toEqual([[2], [3], [0]]);
    expect(settings({ logits: { classes: { dark: [1, "dark"], middle: 0 } } }).logits?.classes).toEqual([[1, 2], [0], [0]]);
    expect(() => settings({ logits: { classes: { dark: "night" } } })).toThrow('the teacher has no class "night" for "dark", only bright, other, dark, middle');
    expect(() => settings({ logits: { classes: { dark: [4] } } })).toThrow("no class 4");
    expect(() => settings({ logits: false })).toThrow("expected logits or embedding, got neither");
    expect(() => settings({ logits: { weight: 2 } })).toThrow("logits: weight expected a number from 0 to 1, got 2");
    expect(() => settings({ views: -1 })).toThrow("views expected a whole number from 0");
    expect(() => settings({ teacher: student })).toThrow("its own teacher");
    student.close();
  });
});
