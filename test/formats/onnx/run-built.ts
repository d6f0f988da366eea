/** Runs imported graphs on the engine, for tests. */
import { atOnce } from "../../../src/core/slices.js";
import type { Shape } from "../../../src/core/shape.js";
import { type BuildOptions, buildOnnx, type Computed, computed, inOrder, isKnown } from "../../../src/formats/onnx/build/index.js";
import type { StoredTensor } from "../../../src/formats/onnx/constant.js";
import type { OnnxModel } from "../../../src/formats/onnx/read-model.js";
import { Graph } from "../../../src/graph/graph.js";
import { toMemory } from "../../../src/model/layout.js";
import { Scope, type ScopeOptions } from "../../../src/nn/scope.js";
import { Session } from "../../../src/runtime/session.js";

export interface BuiltGraph {
  readonly graph: Graph;
  readonly weights: ReadonlyMap<string, StoredTensor>;
}

/** The graph of a model with one image input, [N, 3, H, W] in the file and [N, H, W, 3] in ours; its first output is "y", row by row. */
export function imageGraph(model: OnnxModel, shape: Shape, options: BuildOptions & ScopeOptions = {}): BuiltGraph {
  const graph = new Graph();
  const [count, channels, height, width] = shape;
  const x = computed(graph.input("x", [count, height, width, channels]), shape, [0, 2, 3, 1]);
  const { outputs, weights } = buildOnnx(model, new Scope(graph, options), new Map([[model.inputs[0].name, x]]), options);
  const [y] = outputs.values();
  if (isKnown(y)) throw new Error("the output does not depend on the input");
  graph.output("y", rowByRow(y));
  return { graph, weights };
}

export const rowByRow = (tensor: Computed) =>
  inOrder(
    tensor,
    tensor.shape.map((_, axis) => axis),
  );

/** Writes what the file gives for the parameters and buffers of a graph. */
export async function writeWeights(session: Session, { graph, weights }: BuiltGraph): Promise<void> {
  for (const [name, tensor] of weights) await session.write(name, atOnce(toMemory(Float32Array.from(tensor.decode().data), graph.kept.get(name)?.file)));
}

/** One run on the engine in this thread. */
export async function runBuilt(built: BuiltGraph, inputs: Record<string, Float32Array>): Promise<Record<string, Float32Array>> {
  const session = await Session.open({ build: "simd", threads: 1, inline: true });
  try {
    const program = await session.prepare(built.graph);
    await writeWeights(session, built);
    return await program.run(inputs);
  } finally {
    session.close();
  }
}
