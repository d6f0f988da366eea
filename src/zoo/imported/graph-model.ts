import { ArgumentError, ShapeError } from "../../core/errors.js";
import { unlessAborted } from "../../core/abort.js";
import { formatShape, type Shape, sizeOf } from "../../core/shape.js";
import { inSlices } from "../../core/slices.js";
import { buildOnnx, computed, decoded, inOrder, isKnown, type Tensor } from "../../formats/onnx/build/index.js";
import { constant, type Constant, type Elements, type ElementType } from "../../formats/onnx/constant.js";
import { fold } from "../../formats/onnx/fold.js";
import type { OnnxModel, OnnxTensorInfo } from "../../formats/onnx/read-model.js";
import { Graph } from "../../graph/graph.js";
import { toMemory } from "../../model/layout.js";
import { Scope } from "../../nn/scope.js";
import { type Program, Session, type SessionOptions } from "../../runtime/session.js";
import { definitionBytes, readDefinition } from "./definition.js";

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

/** Programs kept for shapes seen lately. */
const keptPrograms = 6;
/** Whole numbers that may say a shape, an axis or places: so many at most are part of the program. */
const mostBound = 64;

interface Prepared {
  readonly program: Program;
  /** Names of the inputs that are given with each run. */
  readonly fed: readonly string[];
  readonly outputs: ReadonlyMap<string, { readonly type: ElementType; readonly shape: Shape; readonly known?: Constant }>;
}

/**
 * A network of any inputs and outputs, out of another program's file, for inference: detectors, encoders, parts of larger ones.
 * Made by `openOnnx`, `openTfjs` and `openTflite`. Classifiers of images are better opened with `loadModel`.
 */
export class GraphModel {
  private readonly programs = new Map<string, Prepared>();
  private hasWeights = false;

  private constructor(
    private model: OnnxModel,
    private readonly session: Session,
  ) {}

  /** @throws {FormatError | LimitError | UnsupportedOpError} */
  static async open(model: OnnxModel, { threads, inline, build, winograd }: SessionOptions = {}): Promise<GraphModel> {
    return new GraphModel(fold(model), await Session.open({ threads, inline, build, winograd }));
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
    const prepared = await unlessAborted(this.prepared(inputs), signal);
    const feeds = prepared.fed.map((name) => [name, Float32Array.from(inputs[name].data)]);
    const results = await unlessAborted(prepared.program.run(Object.fromEntries(feeds), { signal }), signal);
    return Object.fromEntries([...prepared.outputs].map(([name, { type, shape, known }]) => [name, known ?? constant(type, shape, results[name])]));
  }

  /** Frees the memory now. */
  close(): void {
    this.session.close();
  }

  private async prepared(inputs: Readonly<Record<string, GraphInput>>): Promise<Prepared> {
    const whole = this.inputs.filter(({ name, type }) => /int/.test(type) && inputs[name].data.length <= mostBound).map(({ name }) => name);
    const key = JSON.stringify(this.inputs.map(({ name }) => [inputs[name].shape, whole.includes(name) ? [...inputs[name].data] : []]));
    const found = this.programs.get(key) ?? (await this.prepare(inputs, new Set(whole)));
    this.programs.delete(key);
    this.programs.set(key, found);
    const [[oldest, { program }]] = this.programs;
    if (this.programs.size > keptPrograms && this.programs.delete(oldest)) await program.close();
    return found;
  }

  private async prepare(inputs: Readonly<Record<string, GraphInput>>, bound: ReadonlySet<string>): Promise<Prepared> {
    const graph = new Graph();
    const given = new Map<string, Constant | Tensor>();
    for (const { name, type } of this.inputs) {
      const { data, shape } = inputs[name];
      given.set(name, bound.has(name) ? constant(type, shape, data) : computed(graph.input(name, shape), shape, undefined, type));
    }
    const { outputs, weights } = buildOnnx(this.model, new Scope(graph), given);
    for (const [name, tensor] of outputs) if (!isKnown(tensor)) graph.output(name, inOrder(tensor, [...tensor.shape.keys()]));
    const program = await this.session.prepare(graph);
    if (!this.hasWeights) {
      for (const [name, tensor] of weights)
        await this.session.write(name, await inSlices(toMemory(Float32Array.from(tensor.decode().data), graph.kept.get(name)?.file)));
      this.model = readDefinition(definitionBytes(this.model, new Set(weights.keys())), this.model.file, this.inputs.length).graph;
      this.hasWeights = true;
    }
    const described = [...outputs].map(
      ([name, tensor]) => [name, { type: tensor.type, shape: tensor.shape, known: isKnown(tensor) ? decoded(tensor) : undefined }] as const,
    );
    return { program, fed: [...graph.inputs.keys()], outputs: new Map(described) };
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
