import { FormatError } from "../../../core/errors.js";
import type { StoredTensor } from "../../onnx/constant.js";
import type { Draft, Ref } from "../../tensorflow/draft.js";

/** Names that stand before a layer's where models are nested, at most. */
const mostPrefixes = 8;

/** Weights of a layers model by the layer that they belong to. */
export class LayerWeights {
  /** Full names and what is left of them without the models around the layer; `undefined` where two would be the same. */
  private readonly names = new Map<string, string | undefined>();
  private readonly refs = new Map<string, Ref>();

  constructor(
    private readonly draft: Draft,
    private readonly tensors: ReadonlyMap<string, StoredTensor>,
  ) {
    for (const name of tensors.keys()) {
      const parts = name.split("/", mostPrefixes + 1);
      let rest = name;
      for (let i = 0; i < Math.min(parts.length - 1, mostPrefixes); i++) {
        rest = rest.slice(rest.indexOf("/") + 1);
        this.names.set(rest, this.names.has(rest) ? undefined : name);
      }
    }
    for (const name of tensors.keys()) this.names.set(name, name);
  }

  /** The weight of `layer` that has one of these names, or its number, as in files of Keras 3. @throws {FormatError} where there is none */
  find(layer: string, names: readonly string[], index: number): Ref {
    const candidates = [...names, String(index), `vars/${index}`].map((name) => `${layer}/${name}`);
    const name = candidates.map((candidate) => this.names.get(candidate)).find((found) => found !== undefined);
    if (name === undefined) throw new FormatError(`tfjs: layer "${layer}" has no weight "${names[0]}" (${this.draft.file})`);
    const known = this.refs.get(name);
    if (known !== undefined) return known;
    const ref = this.draft.constant(name, this.tensors.get(name) as StoredTensor);
    this.refs.set(name, ref);
    return ref;
  }
}
