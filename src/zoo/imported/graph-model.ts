import { ArgumentError, ShapeError } from "../../core/errors.js";
import { unlessAborted } from "../../core/abort.js";
import { formatShape, type Shape, sizeOf } from "../../core/shape.js";
import { inSlices } from "../../core/slices.js";
import type { Preprocessing } from "../../data/preprocessing.js";
import { type Built, buildOnnx, computed, decoded, inOrder, isKnown, type Tensor } from "../../formats/onnx/build/index.js";
import { constant, type Constant, type Elements, type ElementType, type StoredTensor } from "../../formats/onnx/constant.js";
import { fold } from "../../formats/onnx/fold.js";
import type { OnnxModel, OnnxTensorInfo } from "../../formats/onnx/read-model.js";
import { Graph, type Value } from "../../graph/graph.js";
import { toMemory } from "../../model/layout.js";
import { Scope } from "../../nn/scope.js";
import { RecentPrograms } from "../../runtime/recent-programs.js";
import { type Program, Session, type SessionOptions } from "../../runtime/session.js";
import { scoresOf } from "./classifier.js";
import { definitionBytes, readDefinition } from "./definition.js";
import { ofImage, scoreRows } from "./halves.js";
import { type ImageInput, imageInput } from "./image-input.js";

/** Numbers that go into a graph, in the order that its axes have in the file. */
export interface GraphInput {
  readonly data: Elements | readonly number[];
  readonly shape: Shape;
}

/** Numbers that come out; 64-bit integers as float64, booleans as 0 and 1. */
export interface GraphOutput {
  readonly type: ElementType;
  readonly data: Elements;
  readonly shape: Shape;
}

/** What a file says of its images and classes. */
export interface GraphFacts {
  readonly labels?: readonly string[];
  readonly preprocessing?: Preprocessing;
}

/** A graph on one image, up to its class scores. */
export interface ImageGraph {
  readonly input: Required<Pick<ImageInput, "layout" | "channels" | "size">> & { readonly name: string; readonly isOpen: boolean };
  /** [1, classes], before a softmax. */
  readonly logits: Value;
  readonly weights: Built["weights"];
}

/** Programs kept for shapes seen lately. */
const keptPrograms = 6;
/** Whole numbers that may say a shape, an axis or places: so many at most are part of the program. */
const mostBound = 64;

interface Prepared {
  readonly program: Program;
  /** Names of the inputs that are given with each run. */
  readonly fed: readonly string[];
  readonly outputs: ReadonlyMap<string, { readonly type: ElementType; readonly shape: Shape; readonly known?: Constant }>;
  close(): Promise<void>;
}

/**
 * A network of any inputs and outputs, out of another program's file, for inference: detectors, encoders, parts of larger ones.
 * Made by `openOnnx`, `openTfjs` and `openTflite`. Classifiers of images are better opened with `loadModel`.
 */
export class GraphModel {
  private readonly programs = new RecentPrograms<Prepared>(keptPrograms);
  private hasWeights = false;

  private constructor(
    private model: OnnxModel,
    /** @internal */
    readonly session: Session,
    /** @internal Whether work is done in the caller's thread. */
    readonly inline: boolean,
    private readonly facts: GraphFacts,
  ) {}

  /** @throws {FormatError | LimitError | UnsupportedOpError} */
  static async open(model: OnnxModel, { threads, inline = false, build, winograd }: SessionOptions = {}, facts: GraphFacts = {}): Promise<GraphModel> {
    return new GraphModel(fold(model), await Session.open({ threads, inline, build, winograd }), inline, facts);
  }

  /** Names of the classes, where the file says them. */
  get labels(): readonly string[] | undefined {
    return this.facts.labels;
  }

  /** What images go through before the network, where the file says it. */
  get preprocessing(): Preprocessing | undefined {
    return this.facts.preprocessing;
  }

  /** Names, types and shapes as the file states them; sizes that it leaves open are names or `undefined`. */
  get inputs(): readonly OnnxTensorInfo[] {
    return this.model.inputs;
  }

  get outputs(): readonly OnnxTensorInfo[] {
    return this.model.outputs;
  }

  /**
   * Runs the graph once. A program is made for each set of shapes (and of small whole numbers, which may say shapes), and the last few are kept.
   *
   * @throws {ArgumentError | ShapeError} for inputs that are missing or do not fit, {UnsupportedOpError} for an operator that is not supported
   */
  async run(inputs: Readonly<Record<string, GraphInput>>, { signal }: { signal?: AbortSignal } = {}): Promise<Record<string, GraphOutput>> {
    for (const info of this.inputs) check(info, inputs[info.name]);
    const whole = this.inputs.filter(({ name, type }) => /int/.test(type) && inputs[name].data.length <= mostBound).map(({ name }) => name);
    const key = JSON.stringify(this.inputs.map(({ name }) => [inputs[name].shape, whole.includes(name) ? [...inputs[name].data] : []]));
    const use = async ({ program, fed, outputs }: Prepared) => {
      const results = await program.run(Object.fromEntries(fed.map((name) => [name, Float32Array.from(inputs[name].data)])), { signal });
      return Object.fromEntries([...outputs].map(([name, { type, shape, known }]) => [name, known ?? constant(type, shape, results[name])]));
    };
    return unlessAborted(
      this.programs.with(key, () => this.prepare(inputs, new Set(whole), signal), use),
      signal,
    );
  }

  /** Frees the memory now. */
  close(): void {
    this.session.close();
  }

  /**
   * @internal The graph on one image as the file has its axes, for `explain`: up to the scores of `output` (default the first one).
   *
   * @param size height and width of an input that leaves them open
   * @throws {UnsupportedOpError} for a graph with other inputs, or without such scores; {ArgumentError} for an output that is not there
   */
  imageGraph(output = this.outputs[0].name, size: readonly [height: number, width: number] = [224, 224]): ImageGraph {
    if (!this.outputs.some(({ name }) => name === output))
      throw new ArgumentError(`explain: there is no output "${output}", only ${this.outputs.map(({ name }) => JSON.stringify(name)).join(", ")}`);
    const input = imageInput(this.model);
    const { info, channels, layout } = input;
    const [height, width] = input.size ?? size;
    const shape = layout === "NCHW" ? [1, channels, height, width] : [1, height, width, channels];
    const graph = new Graph();
    const scores = scoresOf(this.model, output);
    const image = computed(graph.input(info.name, shape), shape, undefined, info.type);
    // All outputs, so that all weights are known, which go to the memory with the first program.
    const outputs = [...this.outputs.map(({ name }) => name), scores];
    const built = buildOnnx(this.model, new Scope(graph), new Map([[info.name, image]]), { outputs });
    const { file } = this.model;
    const logits = scoreRows(ofImage(built, scores, file), scores, file);
    graph.output("logits", logits);
    return { input: { name: info.name, layout, channels, size: [height, width], isOpen: input.size === undefined }, logits, weights: built.weights };
  }

  /** @internal A program of a graph of this model; the first one brings the weights to the memory. */
  async program(graph: Graph, weights: ReadonlyMap<string, StoredTensor>, signal?: AbortSignal): Promise<Program> {
    const program = await this.session.prepare(graph, {}, signal);
    if (this.hasWeights) return program;
    try {
      for (const [name, tensor] of weights)
        await this.session.write(name, await inSlices(toMemory(Float32Array.from(tensor.decode().data), graph.kept.get(name)?.file), signal));
    } catch (error) {
      await program.close();
      throw error;
    }
    this.model = readDefinition(definitionBytes(this.model, new Set(weights.keys())), this.model.file, this.inputs.length).graph;
    this.hasWeights = true;
    return program;
  }

  private async prepare(inputs: Readonly<Record<string, GraphInput>>, bound: ReadonlySet<string>, signal: AbortSignal | undefined): Promise<Prepared> {
    const graph = new Graph();
    const given = new Map<string, Constant | Tensor>();
    for (const { name, type } of this.inputs) {
      const { data, shape } = inputs[name];
      given.set(name, bound.has(name) ? constant(type, shape, data) : computed(graph.input(name, shape), shape, undefined, type));
    }
    const { outputs, weights } = buildOnnx(this.model, new Scope(graph), given);
    for (const [name, tensor] of outputs) if (!isKnown(tensor)) graph.output(name, inOrder(tensor, [...tensor.shape.keys()]));
    const program = await this.program(graph, weights, signal);
    const described = [...outputs].map(
      ([name, tensor]) => [name, { type: tensor.type, shape: tensor.shape, known: isKnown(tensor) ? decoded(tensor) : undefined }] as const,
    );
    return { program, fed: [...graph.inputs.keys()], outputs: new Map(described), close: () => program.close() };
  }
}

function check({ name, type, shape }: OnnxTensorInfo, input: GraphInput | undefined): void {
  if (!input) throw new ArgumentError(`run: input "${name}" is missing`);
  const fits = !shape || (shape.length === input.shape.length && shape.every((size, axis) => typeof size !== "number" || size === input.shape[axis]));
  if (!fits || input.data.length !== sizeOf(input.shape))
    throw new ShapeError(
      `run: input "${name}" expects ${type} [${shape?.map((size) => size ?? "?").join(",") ?? "..."}], got ${formatShape(input.shape)} with ${input.data.length} numbers`,
    );
}
