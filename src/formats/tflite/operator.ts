import { activate } from "../tensorflow/activation.js";
import type { Window } from "../tensorflow/convolution.js";
import type { Dilations } from "../tensorflow/dilation.js";
import type { Draft, Ref } from "../tensorflow/draft.js";
import type { TfliteOperator, TfliteTensor } from "./schema.js";

/** `ActivationFunctionType`. */
const activations = ["linear", "relu", "relu_n1_to_1", "relu6", "tanh"];
const paddings = ["SAME", "VALID"] as const;

/** One operator with what it reads. */
export class OperatorCall {
  constructor(
    readonly draft: Draft,
    /** In TFLite's own words, for messages: `CONV_2D`. */
    readonly name: string,
    private readonly operator: TfliteOperator,
    /** Absent optional inputs are `undefined`. */
    readonly inputs: readonly (Ref | undefined)[],
    private readonly tensors: readonly TfliteTensor[],
    readonly dilations: Dilations,
  ) {}

  get where(): string {
    const [output] = this.operator.outputs;
    return `${this.name} of "${this.tensors[output]?.name ?? "nothing"}"`;
  }

  input(i: number): Ref {
    return this.inputs[i] ?? this.draft.fail(`${this.where} has no input ${i}`);
  }

  /** All inputs of an operator that has no optional ones. */
  all(): Ref[] {
    return this.inputs.map((_, i) => this.input(i));
  }

  /** The file's shape of input `i`; sizes that are left open are 1 there. */
  shape(i: number): readonly number[] {
    this.input(i);
    return this.tensors[this.operator.inputs[i]].shape;
  }

  /** The file's shape of output `i`. */
  outputShape(i: number): readonly number[] {
    return (this.tensors[this.operator.outputs[i]] ?? this.draft.fail(`${this.where} has no output ${i}`)).shape;
  }

  get outputs(): number {
    return this.operator.outputs.length;
  }

  wholes(i: number): number[] {
    return this.draft.wholes(this.input(i), `input ${i} of ${this.where}`);
  }

  int(field: number, otherwise = 0): number {
    return this.operator.options?.int32(field, otherwise) ?? otherwise;
  }

  ints(field: number): number[] {
    return this.operator.options?.ints(field) ?? [];
  }

  float(field: number): number {
    return this.operator.options?.float32(field) ?? 0;
  }

  flag(field: number): boolean {
    return this.operator.options?.flag(field) ?? false;
  }

  byte(field: number): number {
    return this.operator.options?.int8(field) ?? 0;
  }

  /** Padding and strides, which the options of windows begin with; dilations where `dilation` says in which field. */
  window(dilation?: number): Window {
    const padding = paddings[this.byte(0)] ?? this.draft.fail(`${this.where} has padding ${this.byte(0)}`);
    const strides = [this.int(2), this.int(1)];
    const dilations = dilation === undefined ? [1, 1] : [this.int(dilation + 1, 1), this.int(dilation, 1)];
    if ([...strides, ...dilations].some((step) => step < 1)) this.draft.fail(`${this.where} has strides [${strides}] and dilations [${dilations}]`);
    return this.dilations.window(this.input(0), { padding, strides, dilations }, this.where);
  }

  /** y with the activation that a field of the options names. */
  activated(y: Ref, field: number): Ref {
    const code = this.byte(field);
    return activate(this.draft, activations[code] ?? `number ${code}`, y, this.where);
  }
}

export type Convert = (call: OperatorCall) => Ref | readonly Ref[];
