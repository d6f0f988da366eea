import { ArgumentError } from "../core/errors.js";
import { formatShape } from "../core/shape.js";
import { sizePair } from "../data/transforms/definition.js";
import { isCheckpointed } from "../graph/graph.js";
import { inferenceGraph } from "../model/graphs.js";
import type { Model } from "../model/model.js";
import type { Phase } from "./options.js";
import type { Settings } from "./settings.js";

/** Largest side that a phase may ask for. */
const mostPixels = 4096;

/** Height and width of the pictures that a teacher's answers are kept for, the same in all phases: those of the first that learns with it. */
export function viewSize(model: Model, phases: readonly Phase[]): readonly [height: number, width: number] {
  const first = phases.find(({ train, epochs }) => train === "all" && epochs > 0);
  return first ? trainingSize(model, first) : model.imageSize;
}

/** Height and width of the pictures that a teacher is shown in a phase. */
export function shownSize(
  model: Model,
  { phases, distillation }: Pick<Settings, "phases" | "distillation">,
  phase: Phase,
): readonly [height: number, width: number] {
  return distillation?.views ? viewSize(model, phases) : trainingSize(model, phase);
}

/**
 * Height and width of a phase's training images.
 *
 * @throws {ArgumentError} where only the head learns, and for a network whose weights depend on the size; {ShapeError} where it is too small for one
 */
export function trainingSize(model: Model, { name, train, imageSize }: Phase): readonly [height: number, width: number] {
  if (imageSize === undefined) return model.imageSize;
  const [height, width] = sizePair(imageSize);
  const refuse = (why: string) => new ArgumentError(`train: ${name}: imageSize ${JSON.stringify(imageSize)}: ${why}`);
  if (![height, width].every((side) => Number.isInteger(side) && side >= 1 && side <= mostPixels))
    throw refuse(`expected whole numbers from 1 to ${mostPixels}`);
  if (train === "head") throw refuse("the head learns on what the backbone gives at the model's own size; expected none");
  const { architecture, labels } = model;
  const [own, other] = [model.imageSize, [height, width]].map(([height, width]) =>
    inferenceGraph(architecture, labels.length, { batch: 1, height, width }, "logits"),
  );
  for (const value of [...other.kept.values()].filter(isCheckpointed)) {
    const [kept, shape] = [own.kept.get(value.name)?.shape ?? [], value.shape];
    if (formatShape(kept) !== formatShape(shape)) {
      throw refuse(
        `the weights of ${architecture.name} depend on it: "${value.name}" of ${formatShape(kept)} would be ${formatShape(shape)}; expected the model's own, ${model.imageSize.join("x")}`,
      );
    }
  }
  return [height, width];
}
