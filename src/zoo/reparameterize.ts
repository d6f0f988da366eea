import { ArgumentError } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import { inferenceGraph } from "../model/graphs.js";
import type { Model } from "../model/model.js";
import { stateDictShapes } from "../nn/state-dict.js";
import { assemble } from "./assemble.js";
import { fusedTensor } from "./fused-tensor.js";
import { architecture } from "./registry.js";

/**
 * A copy of a RepVGG or MobileOne whose blocks are single convolutions, as their authors run them: the branches that a
 * block sums while it trains, their batch norms with running statistics, are added up into one weight and one bias. The
 * logits stay the same up to rounding; the model is smaller and faster, saves and loads as such, and can be fine-tuned further.
 *
 * @throws {ArgumentError} for a model that has no branches, or fused ones already
 * @see Ding et al. 2021, section 3.3
 */
export async function reparameterize(model: Model, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Model> {
  const { name, options } = model.architecture;
  if (options.form !== "branches") throw new ArgumentError(`reparameterize: ${name} has no branches to fuse`);
  if (model.facts.quantized) throw new ArgumentError("reparameterize: fuse the branches of the float32 model, then quantise");
  const built = await architecture(name, { ...options, form: "fused" });
  const { labels, imageSize, facts, session, inline } = model;
  const [height, width] = imageSize;
  const shapes = stateDictShapes(inferenceGraph(built, labels.length, { batch: 1, height, width }, "logits"));
  const branches = await model.parameters({ signal });
  const weights = {
    file: name,
    shapes,
    async *read(names: Iterable<string>) {
      for (const tensor of names) yield [tensor, fusedTensor(tensor, shapes.get(tensor) as Shape, branches)] as const;
    },
  };
  const { threads, build, winograd } = session;
  return assemble(built, { threads, build, inline, winograd, signal }, { labels, preprocessing: facts.preprocessing, notes: facts.notes }, weights);
}
