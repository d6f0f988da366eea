import { FormatError, ShapeError } from "../../core/errors.js";
import { type Shape, sizeOf } from "../../core/shape.js";
import { fold, subgraph } from "../../formats/onnx/fold.js";
import type { OnnxModel } from "../../formats/onnx/read-model.js";
import type { Architecture } from "../../nn/architecture.js";
import { matchStateDict } from "../../nn/state-dict.js";
import type { Weights } from "../weights.js";
import { classifierOf, extended, scoresOf } from "./classifier.js";
import { definitionBytes, readDefinition } from "./definition.js";
import { imageInput } from "./image-input.js";
import { type ImportedNetwork, importedNetwork } from "./network.js";

export interface Naming {
  readonly name: string;
  /** The file, for messages. */
  readonly file: string;
  /** Height and width in pixels of the images, where the graph leaves them open. */
  readonly size?: readonly [height: number, width: number];
}

/** Images that a graph which leaves their size open is tried on. */
const usualSize = [224, 224] as const;

/**
 * A classifier out of a foreign graph: its architecture, as a file of ours will keep it, and its weights. Softmax at the
 * end is left out, as `Model` applies it. Of several outputs it is the first that a classifier ends in.
 *
 * @throws {FormatError | LimitError | UnsupportedOpError} for a graph that is no classifier of images, or that we cannot run
 */
export function importClassifier(model: OnnxModel, naming: Naming): { architecture: Architecture; weights: Weights; sizeIsOpen: boolean } {
  return checked(naming, () => {
    const folded = fold(model);
    const outputs = folded.outputs.map(({ name }) => scoresOf(folded, name));
    const scores = outputs.find((name) => classifierOf(folded, name)) ?? outputs[0];
    const graph = subgraph(folded, { outputs: [{ name: scores, type: "float32" }] });
    const { weights } = importedNetwork(graph, sizeFor(graph, naming));
    return {
      sizeIsOpen: imageInput(graph).size === undefined,
      architecture: describedBy(definitionBytes(graph, new Set(weights.keys())), naming),
      weights: {
        file: naming.file,
        shapes: new Map([...weights].map(([name, { shape }]) => [name, shape])),
        async *read(names) {
          const asked = [...names];
          const room = new Uint8Array(4 * Math.max(0, ...asked.map((name) => sizeOf(weights.get(name)?.shape ?? [0]))));
          for (const name of asked) {
            const data = weights.get(name)?.decode(room).data ?? new Float32Array();
            yield [name, data instanceof Float32Array ? data : Float32Array.from(data)] as const;
          }
        },
      },
    };
  });
}

/**
 * The architecture that a definition describes.
 *
 * @param shapes of the tensors that are there for it, where they are its float32 weights
 * @throws {FormatError} where it wants others; as `importClassifier`
 */
export function architectureFrom(definition: Uint8Array, naming: Naming, shapes?: ReadonlyMap<string, Shape>): Architecture {
  return checked(naming, () => describedBy(definition, naming, shapes));
}

function describedBy(definition: Uint8Array, naming: Naming, shapes?: ReadonlyMap<string, Shape>): Architecture {
  const { graph, weights } = readDefinition(definition, naming.file);
  if (shapes) matchStateDict(weights, shapes, { network: `${naming.name} (${naming.file})` });
  const network = importedNetwork(graph, sizeFor(graph, naming));
  const [height, width] = network.image.size ?? naming.size ?? usualSize;
  return {
    ...network,
    name: naming.name,
    inputSize: height === width ? height : [height, width],
    channels: network.image.channels,
    defaultClasses: network.classes,
    options: {},
    definition: (numClasses) => definitionBytes(network.graph(numClasses), new Set(network.weights.keys())),
    withClassifier: network.classifier.length > 0 ? undefined : (numClasses) => describedBy(withClassifier(network, numClasses), naming),
  };
}

function withClassifier({ graph, classes, weights }: ImportedNetwork, numClasses: number): Uint8Array {
  const model = graph(classes);
  const more = extended(model, classes, numClasses);
  return definitionBytes(more, new Set([...weights.keys(), ...[...more.initializers.keys()].filter((name) => !model.initializers.has(name))]));
}

const sizeFor = (model: OnnxModel, { size }: Naming) => imageInput(model).size ?? size ?? usualSize;

/** Shapes that do not fit are the file's fault here. */
function checked<T>({ file }: Naming, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof ShapeError) throw new FormatError(`load: ${cause.message} (${file})`, { cause });
    throw cause;
  }
}
