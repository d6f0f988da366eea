import { atOnce } from "../../src/core/slices.js";
import { Random } from "../../src/core/random.js";
import type { Graph } from "../../src/graph/graph.js";
import { initialValues } from "../../src/model/initialize.js";
import type { Program, Session } from "../../src/runtime/session.js";
import { hyperName, trainingGraph } from "../../src/train/step.js";
import { architecture } from "../../src/zoo/registry.js";

const classes = 3;
const batch = 5;
const side = 8;

/** One SGD step of resnet20 on 5 images of 8 pixels: convolutions, batch norm, in-place ops, reductions and mutation in one program. */
export async function trainingStep(): Promise<Graph> {
  return trainingGraph(await architecture("resnet20"), classes, [batch, side, side, 3], {
    optimizer: "sgd",
    nesterov: false,
    labelSmoothing: 0.1,
    maxNorm: 5,
    batchNorm: "train",
    from: "images",
    groupOf: () => 0,
  });
}

export async function fill(session: Session): Promise<void> {
  for (const value of session.keptValues()) await session.write(value.name, atOnce(initialValues(value, 1)));
}

/** Fixed batches: class c is bright in channel c. */
export function stepInputs(step: number): Record<string, Float32Array | Int32Array> {
  const random = new Random(7, step);
  const labels = Int32Array.from({ length: batch }, (_, i) => (i + step) % classes);
  const x = Float32Array.from({ length: batch * side * side * 3 }, (_, i) => random.normal() + (i % 3 === labels[Math.floor(i / (side * side * 3))] ? 2 : 0));
  const hyper = Float32Array.of(0.05, 0.9, 1e-4, 0, 1, 0, 0, 0);
  return { x, labels, random: Int32Array.of(0, 0, step, 0), [hyperName(0, true)]: hyper, [hyperName(0, false)]: hyper };
}

/** Runs some steps and gives their losses and everything that is kept afterwards, by name. */
export async function train(session: Session, program: Program, steps: number): Promise<{ losses: number[]; kept: Map<string, Float32Array> }> {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await program.run(stepInputs(step))).loss[0]);
  const kept = new Map<string, Float32Array>();
  for (const { name } of session.keptValues()) kept.set(name, await session.read(name));
  return { losses, kept };
}
