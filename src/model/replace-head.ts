import { ArgumentError } from "../core/errors.js";
import { inSlices } from "../core/slices.js";
import { isCheckpointed } from "../graph/graph.js";
import type { Architecture } from "../nn/architecture.js";
import { Session } from "../runtime/session.js";
import { inferenceGraph } from "./graphs.js";
import { initialValues } from "./initialize.js";
import { checkLabels } from "./labels.js";
import type { Model } from "./model.js";

/** What a model with another head is made of. */
export interface NewHead {
  readonly session: Session;
  readonly architecture: Architecture;
  readonly labels: readonly string[];
}

/** A session with a model's backbone, and with a classifier that starts from the seed. */
export async function replaceHead(model: Model, classes: readonly string[] | number, seed: number, signal?: AbortSignal): Promise<NewHead> {
  const { session: old, facts, inline, imageSize } = model;
  if (facts.quantized) throw new ArgumentError("replaceHead: a quantised model keeps its head; replace that of the float32 model");
  if (typeof classes !== "number") checkLabels("replaceHead", classes);
  const count = typeof classes === "number" ? classes : classes.length;
  if (!(Number.isInteger(count) && count >= 1)) throw new ArgumentError(`replaceHead: expected 1 class or more, got ${count}`);
  const labels = typeof classes === "number" ? Array.from({ length: count }, (_, i) => String(i)) : classes;
  const architecture = facts.architecture.withClassifier?.(count) ?? facts.architecture;
  const graph = inferenceGraph(architecture, count, { batch: 1, height: imageSize[0], width: imageSize[1] }, "logits");
  const session = await Session.open({ build: old.build, threads: old.threads, inline, winograd: old.winograd });
  try {
    await session.keepAll(graph);
    for (const value of [...graph.kept.values()].filter(isCheckpointed)) {
      const isNew = architecture.classifier.includes(value.name);
      signal?.throwIfAborted();
      await session.write(value.name, isNew ? await inSlices(initialValues(value, seed), signal) : await old.read(value.name));
    }
    await session.started();
    return { session, architecture, labels };
  } catch (error) {
    session.close();
    throw error;
  }
}
