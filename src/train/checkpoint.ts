import type { Build } from "../core/build.js";
import { ArgumentError, DataError, FormatError } from "../core/errors.js";
import { type FileSource, keepPrevious, storedFile } from "../core/file-store.js";
import type { Dataset } from "../data/dataset.js";
import { openSafetensors, saveSafetensors, type TensorToWrite } from "../formats/safetensors/index.js";
import { isCheckpointed } from "../graph/graph.js";
import type { Model, NamedTensor } from "../model/model.js";
import { metadataKeys } from "../model/metadata.js";
import { fileMetadata, fileTensors } from "../model/save.js";
import { matchStateDict } from "../nn/state-dict.js";
import type { PlateauState } from "../optim/plateau.js";
import type { CheckpointTarget, EpochRecord } from "./options.js";
import type { Settings } from "./settings.js";
import { averagePrefix, statePrefix } from "./step.js";

/** Phase, epoch within it, next batch within that, steps done in the phase, and in all. */
export interface Cursor {
  phase: number;
  epoch: number;
  batch: number;
  phaseStep: number;
  step: number;
}

/** What was found of validation images. */
export interface Measured {
  readonly loss: number;
  readonly accuracy: number;
}

/** Where training stands: enough, with the tensors, to go on to the same bits. Nothing in it depends on the machine or the time. */
export interface TrainerState {
  readonly version: 1;
  readonly cursor: Readonly<Cursor>;
  /** Of the epoch that is not finished: loss times images, and images classified rightly. */
  readonly sums: { readonly loss: number; readonly right: number };
  readonly history: readonly Omit<EpochRecord, "imagesPerSecond" | "waiting">[];
  /** What the best weights so far measured on validation images, epochs of this phase since then, and training steps that its weights had seen. */
  readonly best: { readonly measured: Measured | null; readonly epochsSince: number; readonly batchesTracked: number };
  /** Of a phase whose learning rate falls on plateaus. */
  readonly plateau?: PlateauState;
  /** By what the gradients are to be divided that are added up so far, where batches are accumulated. */
  readonly divisor?: number;
  /** What the teacher's weights are, where there is one. */
  readonly teacher?: string;
  /** What must be equal to go on: settings, images of the data set, those of them that can be read, and classes. */
  readonly settings: Settings;
  /** Kernels that it ran in: another build rounds differently. */
  readonly build: Build;
  readonly images: number;
  readonly usedImages: number;
  readonly classes: readonly string[];
}

const stateKey = "ocelli.trainer";
const bestPrefix = "best.";
/** Weights in training, where the file's own are their averages; in memory layout. */
const trainingPrefix = "training.";

/**
 * Writes a checkpoint: a whole model file (`loadModel` opens it) with the optimiser's state, the best weights so far
 * and the trainer's state besides; where there are averages the model has them as its weights, and they its own. The
 * file before it stays readable under `.previous`, and is replaced only when the new one is complete.
 *
 * @param extra.optimizer state that a resumed trainer has not taken over yet; default: the session's
 * @throws {StorageError} when it cannot be kept; the file before it is untouched
 */
export async function writeCheckpoint(
  target: CheckpointTarget,
  model: Model,
  state: TrainerState,
  { best, optimizer }: { best?: ReadonlyMap<string, NamedTensor>; optimizer?: ReadonlyMap<string, NamedTensor> },
): Promise<void> {
  const tensors: TensorToWrite[] = await fileTensors(model);
  for (const [name, { shape, data }] of optimizer ?? (await keptState(model, statePrefix))) tensors.push({ name, dtype: "F32", shape, data });
  for (const [name, { shape, data }] of await keptState(model, averagePrefix)) {
    tensors.push({ name: trainingPrefix + name.slice(averagePrefix.length), dtype: "F32", shape, data });
  }
  for (const [name, { shape, data }] of best ?? []) tensors.push({ name: bestPrefix + name, dtype: "F32", shape, data });
  const file = await storedFile(target);
  await keepPrevious(file);
  await saveSafetensors(file, tensors, { ...fileMetadata(model), [stateKey]: JSON.stringify(state) }, { sha256: true });
}

async function keptState({ session }: Model, prefix: string): Promise<Map<string, NamedTensor>> {
  const states = session.keptValues().filter(({ kind, name }) => kind === "state" && name.startsWith(prefix));
  return new Map(await Promise.all(states.map(async ({ name, shape }) => [name, { shape, data: await session.read(name) }] as const)));
}

export interface Checkpoint {
  readonly state: TrainerState;
  readonly parameters: ReadonlyMap<string, NamedTensor>;
  /** In memory layout, by name. */
  readonly optimizer: ReadonlyMap<string, NamedTensor>;
  /** Weights in training, in memory layout, where `parameters` are their averages. */
  readonly training?: ReadonlyMap<string, NamedTensor>;
  readonly best?: ReadonlyMap<string, NamedTensor>;
  readonly batchesTracked: number;
  /** The model's, as the file has it. */
  readonly preprocessing?: string;
  /** The file, for messages. */
  readonly name: string;
}

/** @throws {FormatError} for a file that is no checkpoint of a trainer, {DataError} when it cannot be opened */
export async function readCheckpoint(source: FileSource): Promise<Checkpoint> {
  const file = await openSafetensors(source);
  try {
    const text = file.metadata.get(stateKey);
    if (!text) throw new FormatError(`resume: the file holds a model but no training state; expected a checkpoint written during training (${file.name})`);
    const parameters = new Map<string, NamedTensor>();
    const best = new Map<string, NamedTensor>();
    const optimizer = new Map<string, NamedTensor>();
    const training = new Map<string, NamedTensor>();
    let batchesTracked = 0;
    for (const [name, { dtype, shape }] of file.tensors) {
      const data = await file.readFloat32(name);
      if (dtype !== "F32") {
        if (name.endsWith("num_batches_tracked")) batchesTracked = data[0];
      } else if (name.startsWith(statePrefix)) optimizer.set(name, { shape, data });
      else if (name.startsWith(trainingPrefix)) training.set(name.slice(trainingPrefix.length), { shape, data });
      else if (name.startsWith(bestPrefix)) best.set(name.slice(bestPrefix.length), { shape, data });
      else parameters.set(name, { shape, data });
    }
    const preprocessing = file.metadata.get(metadataKeys.preprocessing);
    return {
      state: parseState(text, file.name),
      parameters,
      optimizer,
      training: training.size > 0 ? training : undefined,
      best: best.size > 0 ? best : undefined,
      batchesTracked,
      preprocessing,
      name: file.name,
    };
  } finally {
    await file.close();
  }
}

/** @throws what says how the checkpoint differs from what is to be trained */
export function checkSameRun(
  { state, parameters, training, best, preprocessing, name }: Checkpoint,
  model: Model,
  { settings, build, train, teacher }: { settings: Settings; build: Build; train: Dataset; teacher?: string },
): void {
  const kept = model.session.keptValues().filter(isCheckpointed);
  const expected = new Map(kept.map((value) => [value.name, value.file?.shape ?? value.shape]));
  const network = `${model.architecture.name}, in the checkpoint ${name}`;
  const shapesOf = (tensors: ReadonlyMap<string, NamedTensor>) => new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  for (const tensors of [parameters, ...(best ? [best] : [])]) matchStateDict(expected, shapesOf(tensors), { network });
  if (training) matchStateDict(new Map(kept.map((value) => [value.name, value.shape])), shapesOf(training), { network });
  const differing = (Object.keys(settings) as (keyof Settings)[]).find((key) => JSON.stringify(state.settings[key]) !== JSON.stringify(settings[key]));
  if (differing) {
    const [before, now] = [state.settings, settings].map((given) => JSON.stringify(given[differing]));
    throw new ArgumentError(`resume: the checkpoint was trained with ${differing} ${before}, expected ${now} (${name})`);
  }
  if (Boolean(training) !== Boolean(settings.ema))
    throw new FormatError(`resume: the file is without the weights in training, of which it has the averages (${name})`);
  if (state.teacher !== teacher) throw new ArgumentError(`resume: the checkpoint was trained with a teacher of other weights (${name})`);
  if (state.build !== build) {
    throw new ArgumentError(
      `resume: the checkpoint was trained in build "${state.build}", expected "${build}"; go on with { build: "${state.build}" }, since builds round differently (${name})`,
    );
  }
  if (preprocessing !== JSON.stringify(model.preprocessing)) {
    throw new ArgumentError(
      `resume: the checkpoint was trained with preprocessing ${preprocessing}, expected ${JSON.stringify(model.preprocessing)} (${name})`,
    );
  }
  if (state.images !== train.length)
    throw new DataError(`resume: the checkpoint was trained on ${state.images} images, this data set has ${train.length} (${name})`);
  if (JSON.stringify(state.classes) !== JSON.stringify(train.classes)) {
    throw new DataError(`resume: the checkpoint's classes are ${state.classes.join(", ")}; this data set's are ${train.classes.join(", ")} (${name})`);
  }
}

function parseState(text: string, name: string): TrainerState {
  let state: TrainerState;
  try {
    state = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`resume: the training state is not readable JSON (${name})`, { cause });
  }
  if (state?.version !== 1) throw new FormatError(`resume: training state of version ${state?.version}, expected 1 (${name})`);
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const { cursor, sums, history, best, plateau, divisor = 0, settings, build, images, usedImages, classes } = state;
  const counts = [
    cursor?.phase,
    cursor?.epoch,
    cursor?.batch,
    cursor?.phaseStep,
    cursor?.step,
    best?.epochsSince,
    best?.batchesTracked,
    sums?.right,
    images,
    usedImages,
  ];
  const whole =
    counts.every(isCount) &&
    Number.isFinite(sums.loss) &&
    (best.measured === null || (Number.isFinite(best.measured?.loss) && Number.isFinite(best.measured?.accuracy)));
  const falls = !plateau || ([plateau.bad, plateau.waiting].every(isCount) && [plateau.factor, plateau.best ?? 0].every(Number.isFinite));
  const lists = Array.isArray(history) && Array.isArray(classes);
  if (!whole || !falls || !Number.isFinite(divisor) || !lists || typeof build !== "string" || typeof settings !== "object" || settings === null) {
    throw new FormatError(`resume: the training state has an unexpected form: ${text.slice(0, 80)} (${name})`);
  }
  return state;
}
