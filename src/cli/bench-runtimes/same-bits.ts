import type * as Ocelli from "../../index.js";
import type { Picture } from "./pictures.js";

export interface BitsInput {
  readonly pictures: readonly Picture[];
  /** Names of the classes, in their order. */
  readonly labels: readonly string[];
  /** Passes over the pictures. */
  readonly epochs: number;
  /** Default: all cores, at most 8. */
  readonly threads?: number;
}

export interface Bits {
  /** Of every weight and statistic after the last step, with names and shapes, in hexadecimal digits. */
  readonly sha256: string;
  readonly steps: number;
  /** Threads that were used. */
  readonly threads: number;
  /** Mean loss of the first epoch and of the last. */
  readonly losses: readonly [first: number, last: number];
  /** Tensors with a number that is not finite, and those that did not move. */
  readonly strange: readonly string[];
  readonly unmoved: readonly string[];
}

/** 200 steps: 40 passes over 40 pictures, 8 at a time. */
export const bitsProgram = { pictures: 40, epochs: 40 } as const;
const batchSize = 8;
/** Share of a tensor's numbers that may end where they began: by chance, or because ReLU cuts a channel off. */
const mayStay = 0.02;

/** What `trainForBits` gives everywhere for `bitsProgram`. A release that changes it says so. */
export const expectedBits = "a2b1e3f82be05f036070d47dcab6dff8426ca5d907c2220ee8129e25c2f46ea0";

/**
 * Trains MobileNetV2 at 96 px from nothing, in build `simd`, on JPEGs that the default decoder reads, with augmentation, dropout,
 * batch norm on the statistics of each batch, momentum, weight decay and a limit on the gradients. Nothing is left to a default.
 *
 * @param ocelli the package, as this runtime has it
 */
export async function trainForBits({ createModel, ImageList, Trainer, transforms }: typeof Ocelli, input: BitsInput): Promise<Bits> {
  const { pictures, labels, epochs, threads } = input;
  const model = await createModel("mobilenet_v2", {
    options: { width: 0.5, depth: 1, padding: "symmetric", epsilon: 1e-5, dropout: 0.2, naming: "torchvision" },
    preprocessing: { resize: 96, crop: 96, interpolation: "bilinear", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    labels,
    build: "simd",
    threads,
    seed: 1,
  });
  try {
    const before = await model.parameters();
    const items = pictures.map(({ label, jpeg }) => ({ image: Uint8Array.from(atob(jpeg), (char) => char.charCodeAt(0)), label }));
    const trainer = new Trainer(
      model,
      { train: ImageList.from(items, { classes: [...labels] }) },
      {
        phases: [{ name: "all", epochs, train: "all", lr: 0.03, lrMult: 1, schedule: "oneCycle" }],
        batchSize,
        optimizer: "sgd",
        momentum: 0.9,
        nesterov: true,
        weightDecay: 1e-4,
        labelSmoothing: 0.02,
        maxNorm: 5,
        batchNorm: "train",
        transforms: [
          transforms.RandomResizedCrop(96, { scale: [0.5, 1], ratio: [0.75, 4 / 3], interpolation: "bilinear" }),
          transforms.RandomHorizontalFlip({ p: 0.5 }),
          transforms.RandomRotation(15, { interpolation: "bilinear" }),
          transforms.ColorJitter({ brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.05 }),
          transforms.Normalize([0.5, 0.5, 0.5], [0.25, 0.25, 0.25]),
        ],
        build: "simd",
        seed: 1,
      },
    );
    const records = await trainer.fit();
    const after = await model.parameters();
    const tensors = [...after].map(([name, { data }]) => ({ name, data, old: before.get(name)?.data as Float32Array }));
    const strange = tensors.filter(({ data }) => !data.every(Number.isFinite));
    const unmoved = tensors.filter(({ data, old }) => data.filter((value, i) => value === old[i]).length > mayStay * data.length);
    const [{ loss: first }, { loss: last }] = [records[0], records[records.length - 1]];
    const steps = epochs * Math.ceil(items.length / batchSize);
    return {
      sha256: await sha256(after),
      steps,
      threads: model.describe().threads,
      losses: [first, last],
      strange: namesOf(strange),
      unmoved: namesOf(unmoved),
    };
  } finally {
    model.close();
  }
}

function namesOf(tensors: readonly { readonly name: string }[]): string[] {
  return tensors.map(({ name }) => name);
}

async function sha256(tensors: ReadonlyMap<string, Ocelli.NamedTensor>): Promise<string> {
  const parts = [...tensors].flatMap(([name, { shape, data }]) => [`${name} ${shape.join("x")}\n`, data as Float32Array<ArrayBuffer>]);
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
