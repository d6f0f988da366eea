import { FormatError } from "../core/errors.js";
import { openSafetensors, type SourceLike, saveSafetensors, type TensorToWrite } from "../formats/safetensors/index.js";
import { keepPrevious } from "../core/file-node.js";
import { fileMetadata, fileTensors } from "../model/save.js";
import type { Model, NamedTensor } from "../model/model.js";
import type { EpochRecord, Settings } from "./options.js";
import { statePrefix } from "./step.js";

/** Where training stands: enough, with the tensors, to go on to the same bits. */
export interface TrainerState {
  readonly version: 1;
  /** Phase, epoch within it, and next batch within that. */
  readonly phase: number;
  readonly epoch: number;
  readonly batch: number;
  /** Steps done in this phase, and in all. */
  readonly phaseStep: number;
  readonly step: number;
  readonly history: readonly EpochRecord[];
  /** Sums of the unfinished epoch. */
  readonly epochLoss: number;
  readonly epochRight: number;
  readonly bestLoss: number | null;
  readonly epochsSinceBest: number;
  /** What must be equal to go on: settings, classes and images of the data set. */
  readonly settings: Settings;
  readonly images: number;
  readonly classes: readonly string[];
}

const stateKey = "ocelli.trainer";
const bestPrefix = "best.";

/**
 * Writes a checkpoint: a whole model file (`loadModel` opens it) with the optimiser's state, the best weights so far
 * and the trainer's state besides. The file before it stays readable under `.previous`, and is replaced only when the
 * new one is complete on disk.
 */
export async function writeCheckpoint(path: string, model: Model, state: TrainerState, best: ReadonlyMap<string, NamedTensor> | undefined): Promise<void> {
  const tensors: TensorToWrite[] = await fileTensors(model);
  for (const { name, kind, shape } of model.session.keptValues()) {
    if (kind === "state") tensors.push({ name, dtype: "F32", shape, data: await model.session.read(name) });
  }
  for (const [name, { shape, data }] of best ?? []) tensors.push({ name: bestPrefix + name, dtype: "F32", shape, data });
  await keepPrevious(path);
  await saveSafetensors(path, tensors, { ...fileMetadata(model), [stateKey]: JSON.stringify(state) }, { sha256: true });
}

export interface Checkpoint {
  readonly state: TrainerState;
  readonly parameters: ReadonlyMap<string, NamedTensor>;
  readonly optimizer: ReadonlyMap<string, Float32Array>;
  readonly best?: ReadonlyMap<string, NamedTensor>;
  readonly batchesTracked: number;
}

/** @throws {FormatError} for a file that is no checkpoint of a trainer */
export async function readCheckpoint(source: SourceLike): Promise<Checkpoint> {
  const file = await openSafetensors(source);
  try {
    const text = file.metadata.get(stateKey);
    if (!text) throw new FormatError(`resume: the file holds a model but no training state; expected a checkpoint written during training (${file.name})`);
    const parameters = new Map<string, NamedTensor>();
    const best = new Map<string, NamedTensor>();
    const optimizer = new Map<string, Float32Array>();
    let batchesTracked = 0;
    for (const [name, { dtype, shape }] of file.tensors) {
      if (dtype !== "F32") {
        if (name.endsWith("num_batches_tracked")) batchesTracked = Number((await file.readFloat32(name))[0]);
        continue;
      }
      const data = await file.readFloat32(name);
      if (name.startsWith(statePrefix)) optimizer.set(name, data);
      else if (name.startsWith(bestPrefix)) best.set(name.slice(bestPrefix.length), { shape, data });
      else parameters.set(name, { shape, data });
    }
    return { state: parseState(text, file.name), parameters, optimizer, best: best.size > 0 ? best : undefined, batchesTracked };
  } finally {
    await file.close();
  }
}

function parseState(text: string, name: string): TrainerState {
  try {
    const state = JSON.parse(text) as TrainerState;
    if (state.version === 1) return state;
    throw new FormatError(`resume: training state of version ${state.version}, expected 1 (${name})`);
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(`resume: the training state is not readable JSON (${name})`, { cause });
  }
}
