import type { Build } from "../core/build.js";
import { hasNode } from "../core/environment.js";
import { ArgumentError } from "../core/errors.js";
import { limits } from "../core/limits.js";
import type { Dataset } from "../data/dataset.js";
import type { Pipeline } from "../data/transforms/index.js";
import { digest } from "../graph/graph.js";
import { inferenceGraph } from "../model/graphs.js";
import type { Model } from "../model/model.js";
import type { ShownBatches, Teacher } from "./teacher.js";

/** Classes of the teacher, by name or by number, that are a class of the student; several count together. */
export type TeacherClasses = string | number | readonly (string | number)[];

/**
 * Learning from another model, which is shown the same augmented picture. Phases that train only the head learn without it.
 *
 * @see Hinton, Vinyals, Dean 2015, "Distilling the knowledge in a neural network"; Beyer et al. 2022, "Knowledge distillation: a good teacher is patient and consistent"
 */
export interface Distillation {
  /** Any model. What it says is not changed by the training. */
  readonly teacher: Model;
  /** Side, or height and width, of the teacher's input in pixels; default its own. Pictures are resized to it, bilinear. */
  readonly teacherSize?: number | readonly [height: number, width: number];
  /**
   * Learn its scores: the loss is (1 - weight) * own + weight * temperature^2 * KL(teacher || student), both softened by the
   * temperature. `false` for no such part; default with its defaults, where the teacher has all classes.
   */
  readonly logits?:
    | false
    | {
        /** 0 to 1, default 0.5. */
        readonly weight?: number;
        /** Above 0 to 1000, default 1. */
        readonly temperature?: number;
        /** The teacher's classes that each of the student's is; default those of the same name. Others of the teacher do not count. */
        readonly classes?: Readonly<Record<string, TeacherClasses>>;
      };
  /** Learn its embeddings through a linear projection, which is dropped behind the last phase, and before one that trains only the head. Adds weight * loss. Default: not. */
  readonly embedding?: {
    /** 0 to 1e6, default 1. */
    readonly weight?: number;
    /** 1 - cosine similarity (default), or the mean squared difference. */
    readonly loss?: "cosine" | "mse";
  };
  /**
   * Each training image has so many augmented views, shown in turn epoch by epoch (whatever the phase), so that the teacher is asked once for each, at the
   * image size of the first phase, and its answers, as float16, serve afterwards. Default 0: new views in every epoch, and the teacher asked for each.
   */
  readonly views?: number;
  /** Most bytes of answers that are kept with `views`; for what does not fit the teacher is asked again. Default 1 GiB. */
  readonly cacheBytes?: number;
  /**
   * A file for the answers, in place of memory, which later trainings of the same teacher, images, views and pictures start with; needs `views`. It has
   * two bytes for each number of an answer. One training at a time may use it. Node, Deno and Bun.
   */
  readonly answers?: string;
}

/** What of distillation decides the result, in plain data: kept with checkpoints. */
export interface DistillationSettings {
  readonly teacher: string;
  readonly teacherSize: readonly [height: number, width: number];
  readonly logits?: {
    readonly weight: number;
    readonly temperature: number /** Positions of the teacher's classes, for each of the student's. */;
    readonly classes: readonly (readonly number[])[];
  };
  readonly embedding?: { readonly weight: number; readonly loss: "cosine" | "mse" /** Of the teacher's. */; readonly width: number };
  readonly views: number;
}

/** All options with their defaults. @throws {ArgumentError} for a value outside its range, or classes that the teacher does not have */
export function distillationSettings(
  { teacher, teacherSize, logits, embedding, views = 0, cacheBytes = 0, answers }: Distillation,
  student: Model,
): DistillationSettings {
  const fail = (message: string): never => {
    throw new ArgumentError(`train: distillation: ${message}`);
  };
  const range = (name: string, value: number, low: number, high: number, whole = false) => {
    if (!(value >= low && value <= high) || (whole && !Number.isInteger(value)))
      fail(`${name} expected a ${whole ? "whole " : ""}number from ${low} to ${high}, got ${value}`);
    return value;
  };
  if (teacher === student) fail("a model cannot be its own teacher");
  const sides = teacherSize === undefined ? teacher.imageSize : typeof teacherSize === "number" ? ([teacherSize, teacherSize] as const) : teacherSize;
  if (sides.length !== 2) fail(`teacherSize expected a side or [height, width], got ${JSON.stringify(teacherSize)}`);
  for (const side of sides) range("teacherSize", side, 1, 4096, true);
  if (logits === false && !embedding) fail("expected logits or embedding, got neither");
  if (embedding?.loss && !["cosine", "mse"].includes(embedding.loss)) fail(`embedding: loss expected cosine or mse, got ${JSON.stringify(embedding.loss)}`);
  range("cacheBytes", cacheBytes, 0, Number.MAX_SAFE_INTEGER, true);
  if (answers !== undefined && !(views > 0)) fail("answers are those of views; expected views above 0");
  if (answers !== undefined && !hasNode) fail("answers: there are no files here; leave it out");
  return {
    teacher: teacher.architecture.name,
    teacherSize: sides,
    ...(logits !== false && {
      logits: {
        weight: range("logits: weight", logits?.weight ?? 0.5, 0, 1),
        temperature: range("logits: temperature", logits?.temperature ?? 1, 1e-3, 1000),
        classes: student.labels.map((label) => teacherClasses(teacher, label, logits?.classes, fail)),
      },
    }),
    ...(embedding && {
      embedding: { weight: range("embedding: weight", embedding.weight ?? 1, 0, 1e6), loss: embedding.loss ?? "cosine", width: embeddingWidth(teacher) },
    }),
    views: range("views", views, 0, 65536, true),
  };
}

function embeddingWidth({ architecture, labels, imageSize: [height, width] }: Model): number {
  return inferenceGraph(architecture, labels.length, { batch: 1, height, width }, "embedding").outputs.get("embedding")?.shape[1] ?? 0;
}

/** What decides the pictures of a training's views. */
export interface Views {
  readonly data: Dataset;
  readonly imageSize: readonly [height: number, width: number];
  readonly transforms: Pipeline;
  readonly seed: number;
}

/** The teacher made ready, if there is to be one. @param views that it is shown, where there are such */
export async function openTeacher(
  asked: Distillation | undefined,
  student: Model,
  settings: DistillationSettings | undefined,
  build: Build,
  views: Views,
): Promise<Teacher | undefined> {
  if (!asked || !settings) return undefined;
  const { teacher, answers, cacheBytes = limits.teacherCacheBytes } = asked;
  const { answerWidth, Teacher } = await import("./teacher.js");
  const width = answerWidth(settings);
  const known = answers
    ? await (await import("./answers-node.js")).AnswerFile.open(answers, await answersIdentity(teacher, student, settings, build, views), width)
    : new (await import("./answers.js")).RememberedAnswers(Math.floor(cacheBytes / (2 * width)));
  return new Teacher(teacher, student, settings, build, known);
}

/** Bytes that a teacher needs for batches, and its answers that are kept; 0 where there is none. From counting alone. */
export async function rehearseTeacher(
  asked: Distillation | undefined,
  student: Model,
  settings: DistillationSettings | undefined,
  build: Build,
  shown: ShownBatches,
): Promise<{ readonly teacher: number; readonly answers: number }> {
  if (!asked || !settings) return { teacher: 0, answers: 0 };
  return (await import("./teacher.js")).teacherMemory(asked, student, settings, build, shown);
}

/** A number that changes with whatever changes a teacher's answers. */
async function answersIdentity(
  teacher: Model,
  student: Model,
  { teacherSize, logits, embedding, views }: DistillationSettings,
  build: Build,
  { data, ...pictures }: Views,
): Promise<string> {
  const images: string[] = [];
  for (let i = 0; i < data.length; i++) images.push((await data.item(i)).id);
  const asked = { teacherSize, classes: logits?.classes, width: embedding?.width, views, build };
  const shown = { ...pictures, from: student.preprocessing, to: teacher.preprocessing, images };
  return textDigest(JSON.stringify([await weightsDigest(teacher), teacher.facts.quantized !== undefined, asked, shown]));
}

/** A number that changes with any of a model's weights. */
export async function weightsDigest(model: Model | undefined): Promise<string | undefined> {
  if (!model) return undefined;
  const words: number[] = [];
  for (const { data } of (await model.parameters()).values()) {
    const each = digest(data);
    words.push(Number.parseInt(each.slice(0, 8), 16), Number.parseInt(each.slice(8), 16));
  }
  return digest(new Float32Array(Uint32Array.from(words).buffer));
}

function textDigest(text: string): string {
  return digest(new Float32Array(Uint32Array.from(new TextEncoder().encode(text)).buffer));
}

function teacherClasses(
  { labels }: Model,
  label: string,
  classes: Readonly<Record<string, TeacherClasses>> | undefined,
  fail: (message: string) => never,
): number[] {
  const said = classes && Object.hasOwn(classes, label) ? classes[label] : label;
  const found = [said].flat().map((name: string | number) => (typeof name === "number" ? name : labels.indexOf(name)));
  const wrong = found.findIndex((index) => !(Number.isInteger(index) && index >= 0 && index < labels.length));
  if (found.length > 0 && wrong < 0) return found;
  return fail(
    `the teacher has no class ${JSON.stringify([said].flat()[wrong] ?? said)} for "${label}", only ${labels.slice(0, 5).join(", ")}${labels.length > 5 ? `, ... (${labels.length})` : ""}; say which in logits: { classes }, or logits: false to learn its embeddings alone`,
  );
}
