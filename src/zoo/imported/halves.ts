import { FormatError, UnsupportedOpError } from "../../core/errors.js";
import { formatShape, sizeOf } from "../../core/shape.js";
import { type Built, buildOnnx, type Computed, computed, inOrder, isKnown } from "../../formats/onnx/build/index.js";
import { isFloat, type StoredTensor } from "../../formats/onnx/constant.js";
import type { OnnxModel } from "../../formats/onnx/read-model.js";
import type { Initializer, Value } from "../../graph/graph.js";
import { pytorchDefault } from "../../nn/initializers.js";
import type { Scope } from "../../nn/scope.js";
import { type Classifier, resized } from "./classifier.js";
import { type ImageInput, imageTensor } from "./image-input.js";

/** A graph from images to class scores, cut in front of its classifier; without one all is before the cut. */
export class Halves {
  /** Where the weights of what was built so far come from, by the names that they have in our graph. */
  readonly weights = new Map<string, StoredTensor>();
  private readonly scores: string;
  private readonly initializers: ReadonlyMap<string, Initializer>;

  constructor(
    private readonly model: OnnxModel,
    private readonly image: ImageInput,
    private readonly classifier: Classifier | undefined,
  ) {
    this.scores = model.outputs[0].name;
    const initializer = classifier && pytorchDefault({ in: classifier.inputs, out: classifier.classes, groups: 1 });
    this.initializers = new Map(classifier?.tensors.map(({ name }) => [name, initializer as Initializer]));
  }

  /** From images x [N, H, W, C] to what the classifier takes, a map of features as [N, H, W, C]. */
  features(net: Scope, x: Value): Value {
    const cut = this.classifier?.features ?? this.scores;
    const tensor = this.take(buildOnnx(this.model, net, new Map([[this.image.info.name, imageTensor(x, this.image)]]), { outputs: [cut] }), cut);
    return this.classifier ? inOrder(tensor, this.order(tensor.shape.length)) : scoreRows(tensor, cut, this.model.file);
  }

  /** From what the classifier takes to scores [N, numClasses]. */
  logits(net: Scope, features: Value, numClasses: number): Value {
    if (!this.classifier) return features;
    const order = this.order(features.shape.length);
    const shape = order.map((_, axis) => features.shape[order.indexOf(axis)]);
    const given = new Map([[this.classifier.features, computed(features, shape, order)]]);
    const model = resized(this.model, this.classifier, numClasses);
    const built = buildOnnx(model, net, given, { outputs: [this.scores], initializers: this.initializers });
    return scoreRows(this.take(built, this.scores), this.scores, this.model.file);
  }

  private order(rank: number): readonly number[] {
    return this.classifier?.convolution ? [0, 2, 3, 1] : Array.from({ length: rank }, (_, axis) => axis);
  }

  private take(built: Built, name: string): Computed {
    for (const [key, tensor] of built.weights) this.weights.set(key, tensor);
    return ofImage(built, name, this.model.file);
  }
}

/** A tensor that was built of the image. @throws {FormatError} for one that does not depend on it */
export function ofImage({ outputs }: Built, name: string, file: string): Computed {
  const tensor = outputs.get(name);
  if (!tensor || isKnown(tensor)) throw new FormatError(`load: "${name}" does not depend on the image (${file})`);
  return tensor;
}

/** Class scores [N, C], without axes of size 1. @throws {UnsupportedOpError} for a tensor that is none */
export function scoreRows({ shape, type, ...tensor }: Computed, name: string, file: string): Value {
  const [count, ...rest] = shape;
  const size = sizeOf(rest);
  if (shape.length < 2 || !rest.includes(size) || !isFloat(type)) {
    const message = `load: expected class scores [N, classes], got ${type} ${formatShape(shape)} as "${name}"; openOnnx runs graphs of any outputs`;
    throw new UnsupportedOpError(`${message} (${file})`);
  }
  return inOrder({ ...tensor, type, shape: [count, size], memory: tensor.memory.map((piece) => (piece.axis === 0 ? piece : { ...piece, axis: 1 })) }, [0, 1]);
}
