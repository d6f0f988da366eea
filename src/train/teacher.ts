import type { Build } from "../core/build.js";
import { exp, log } from "../core/math.js";
import { limits } from "../core/limits.js";
import type { Shape } from "../core/shape.js";
import { inSlices } from "../core/slices.js";
import type { Preprocessing } from "../data/preprocessing.js";
import { float16ToFloat32, float32ToFloat16 } from "../formats/safetensors/half.js";
import { Graph, type Value } from "../graph/graph.js";
import { softmaxRow } from "../model/logits.js";
import type { Model } from "../model/model.js";
import { Scope } from "../nn/scope.js";
import { add } from "../ops/add.js";
import { interpolate } from "../ops/interpolate.js";
import { mul } from "../ops/mul.js";
import type { Program } from "../runtime/session.js";
import type { Answers } from "./answers.js";
import type { Distillation, DistillationSettings } from "./distillation.js";

/** What a teacher says of a batch, as the step's program takes it. */
export interface Lesson {
  readonly inputs: Readonly<Record<string, Float32Array>>;
  /** What the cross-entropy is above the Kullback-Leibler divergence, times its factors: the mean over the images. */
  readonly entropy: number;
}

/** Which images a batch has: their positions among so many, as they are augmented in an epoch. */
export interface Shown {
  readonly epoch: number;
  readonly positions: ArrayLike<number>;
  readonly images: number;
  /** The pictures as the student takes them; they are prepared where the answers are not known. */
  readonly pictures: () => Promise<Float32Array>;
  /** Their height and width in pixels. */
  readonly imageSize: readonly [height: number, width: number];
}

/** What a teacher will be shown: sizes of the batches, height and width of the pictures, and how many images there are. */
export interface ShownBatches {
  readonly batches: readonly number[];
  readonly imageSize: Shape;
  readonly images: number;
}

/** A model that answers for augmented pictures as the student sees them, and remembers its answers where there are few views. */
export class Teacher {
  private readonly programs = new Map<number, Program>();
  /** Of the pictures, so far. */
  private imageSize: readonly number[] = [];

  /** @param known answers of the views, where there are such */
  constructor(
    private readonly model: Model,
    private readonly student: Model,
    private readonly settings: DistillationSettings,
    private readonly build: Build,
    private readonly known: Answers,
  ) {}

  /** Images that the teacher was asked for. */
  asked = 0;

  /** What the teacher says of pictures. */
  async lesson(shown: Shown): Promise<Lesson> {
    const { imageSize } = shown;
    if (String(imageSize) !== String(this.imageSize)) await this.endPrograms();
    this.imageSize = imageSize;
    return lessonOf(await (this.settings.views > 0 ? this.remembered(shown) : this.ask(shown)), this.settings);
  }

  async close(): Promise<void> {
    await this.endPrograms();
    await this.known.close();
  }

  private async endPrograms(): Promise<void> {
    for (const program of this.programs.values()) await program.close();
    this.programs.clear();
  }

  /** Answers as they are kept, so that it makes no difference which of them were. */
  private async remembered(shown: Shown): Promise<Float32Array[]> {
    const { epoch, positions, images } = shown;
    const view = epoch % this.settings.views;
    const keys = Array.from(positions, (position) => view * images + position);
    if (keys.every((key) => this.known.has(key))) return (await this.known.get(keys)).map(float16ToFloat32);
    const answers = (await this.ask(shown)).map(float32ToFloat16);
    await this.known.add(keys, answers);
    return answers.map(float16ToFloat32);
  }

  private async ask({ pictures, positions: { length: count } }: Shown): Promise<Float32Array[]> {
    const { model, student, settings } = this;
    const program =
      this.programs.get(count) ?? (await model.session.prepare(teacherGraph(model, student, settings, [count, ...this.imageSize]), { build: this.build }));
    this.programs.set(count, program);
    const { logits, embedding } = await program.run({ x: await pictures() });
    this.asked += count;
    const groups = settings.logits?.classes ?? [];
    const part = (values: Float32Array | undefined, i: number) => values?.subarray((i * values.length) / count, ((i + 1) * values.length) / count) ?? [];
    return Array.from({ length: count }, (_, i) => {
      const answer = new Float32Array(answerWidth(settings));
      const row = part(logits, i);
      groups.forEach((group, label) => {
        answer[label] = group.length === 1 ? row[group[0]] : logSumExp(group.map((index) => row[index]));
      });
      answer.set(part(embedding, i), groups.length);
      return answer;
    });
  }
}

/** Bytes of a teacher's memory and of its answers that are kept at most, from counting alone. */
export async function teacherMemory(
  { teacher, answers, cacheBytes = limits.teacherCacheBytes }: Distillation,
  student: Model,
  settings: DistillationSettings,
  build: Build,
  { batches, imageSize, images }: ShownBatches,
): Promise<{ teacher: number; answers: number }> {
  const paper = teacher.session.rehearse();
  for (const batch of batches) await inSlices(paper.prepare(teacherGraph(teacher, student, settings, [batch, ...imageSize]), { build }));
  const whole = 2 * answerWidth(settings) * settings.views * images;
  return { teacher: paper.memory().total, answers: answers === undefined ? Math.min(cacheBytes, whole) : 0 };
}

/** Numbers of an answer: the scores' logits, then the embedding. */
export function answerWidth({ logits, embedding }: Pick<DistillationSettings, "logits" | "embedding">): number {
  return (logits?.classes.length ?? 0) + (embedding?.width ?? 0);
}

/** What a step's program takes of answers. @param answers of the images: the scores' logits, then the embedding */
export function lessonOf(answers: readonly Float32Array[], { logits, embedding }: Pick<DistillationSettings, "logits" | "embedding">): Lesson {
  const classes = logits?.classes.length ?? 0;
  const inputs: Record<string, Float32Array> = {};
  let entropy = 0;
  if (logits) {
    const scores = new Float32Array(answers.length * classes);
    answers.forEach((row, i) => {
      const softened = softmaxRow(row.subarray(0, classes).map((value) => value / logits.temperature));
      scores.set(softened, i * classes);
      for (const score of softened) if (score > 0) entropy -= score * log(score);
    });
    inputs.teacherScores = scores;
    entropy *= (logits.weight * logits.temperature * logits.temperature) / answers.length;
  }
  if (embedding) {
    const { width, loss } = embedding;
    const target = new Float32Array(answers.length * width);
    answers.forEach((row, i) => {
      const given = row.subarray(classes);
      const length = loss === "cosine" ? Math.sqrt(given.reduce((sum, value) => sum + value * value, 0)) || 1 : 1;
      target.set(
        given.map((value) => value / length),
        i * width,
      );
    });
    inputs.teacherEmbedding = target;
  }
  return { inputs, entropy };
}

function logSumExp(values: readonly number[]): number {
  const top = Math.max(...values);
  return top + log(values.reduce((sum, value) => sum + exp(value - top), 0));
}

/** From x [N, H, W, C] as the student takes it to the teacher's `logits` and `embedding`, those that are asked for. @param shown N, H and W */
export function teacherGraph(teacher: Model, student: Model, { teacherSize, logits, embedding }: DistillationSettings, shown: Shape): Graph {
  const graph = new Graph();
  const x = graph.input("x", [...shown, student.architecture.channels]);
  const levels = affine(x, toLevels(student.preprocessing, student.architecture.channels));
  const channels = inChannels(levels, student.preprocessing, teacher.preprocessing, teacher.architecture.channels);
  const taken = affine(channels, fromLevels(teacher.preprocessing, teacher.architecture.channels));
  const net = new Scope(graph);
  const features = teacher.architecture.backbone(net, resized(resized(taken, 1, teacherSize[0]), 2, teacherSize[1]));
  if (logits) graph.output("logits", teacher.architecture.head(net, features, teacher.labels.length));
  if (embedding) graph.output("embedding", teacher.architecture.embedding(features));
  return teacher.facts.quantized ? teacher.facts.quantized.rewrite(graph) : graph;
}

interface Affine {
  readonly factor: readonly number[];
  readonly offset: readonly number[];
}

const perChannel = (values: readonly number[], channels: number) => Array.from({ length: channels }, (_, i) => values[values.length === 1 ? 0 : i]);

/** From what a network takes to levels of 0..1, and back. */
function toLevels({ mean, std, scale = 1 / 255 }: Preprocessing, channels: number): Affine {
  const [means, stds] = [perChannel(mean, channels), perChannel(std, channels)];
  return { factor: stds.map((value) => value / scale / 255), offset: means.map((value) => value / scale / 255) };
}

function fromLevels({ mean, std, scale = 1 / 255 }: Preprocessing, channels: number): Affine {
  const [means, stds] = [perChannel(mean, channels), perChannel(std, channels)];
  return { factor: stds.map((value) => (scale * 255) / value), offset: means.map((value, i) => -value / stds[i]) };
}

function affine(x: Value, { factor, offset }: Affine): Value {
  const constant = (values: readonly number[]) => x.graph.constant(Float32Array.from(values), [values.length]);
  return add({ a: mul({ a: x, b: constant(factor) }), b: constant(offset) });
}

/** Parts of red, green and blue in a grey level. @see ITU-R BT.601 */
const luma = [0.299, 0.587, 0.114];

/** As many channels as the teacher takes, in its order. */
function inChannels(x: Value, from: Preprocessing, to: Preprocessing, channels: 1 | 3): Value {
  const [had, isTurned] = [x.shape[3], (from.channelOrder ?? "rgb") !== (to.channelOrder ?? "rgb")];
  if (had === 1) return channels === 1 ? x : interpolate({ x }, { axis: 3, size: 3, indices: [0, 0, 0] });
  if (channels === 1) return interpolate({ x }, { axis: 3, size: 1, indices: from.channelOrder === "bgr" ? [2, 1, 0] : [0, 1, 2], weights: luma });
  return isTurned ? interpolate({ x }, { axis: 3, size: 3, indices: [2, 1, 0] }) : x;
}

/** Bilinear with half-pixel centres along an axis, over as many pixels as a smaller picture needs. @see torch.nn.functional.interpolate, `antialias=True` */
function resized(x: Value, axis: number, size: number): Value {
  const length = x.shape[axis];
  if (length === size) return x;
  const support = Math.max(1, length / size);
  const reach = 2 * Math.ceil(support);
  const rows = Array.from({ length: size }, (_, i) => {
    const centre = ((i + 0.5) * length) / size - 0.5;
    const first = Math.ceil(centre - support);
    const taps = Array.from({ length: reach + 1 }, (_, k) => ({ index: first + k, weight: Math.max(0, 1 - Math.abs(first + k - centre) / support) }));
    const inside = taps.filter(({ index }) => index >= 0 && index < length);
    const whole = inside.reduce((sum, { weight }) => sum + weight, 0);
    return taps.map(({ index, weight }) => (index >= 0 && index < length ? { index, weight: weight / whole } : { index: 0, weight: 0 }));
  });
  const taps = rows.flat();
  return interpolate({ x }, { axis, size, indices: taps.map(({ index }) => index), weights: taps.map(({ weight }) => weight) });
}
