/** TFLite files for tests, written tensor by tensor. */
import { Builder } from "flatbuffers";
import { operatorNames } from "../../../src/formats/tflite/codes.js";

export interface LiteTensor {
  readonly shape: readonly number[];
  /** TFLite's number of the type; default float32. */
  readonly type?: number;
  /** Tensors of one and the same object share a buffer. */
  readonly data?: ArrayBufferView;
  readonly name?: string;
  readonly quantization?: { scales: number[]; zeroPoints: number[]; axis?: number };
  readonly signature?: readonly number[];
}

/** One field of a table, in the order of the schema; `undefined` leaves it out. */
export type Field = ["int8" | "int32" | "float32" | "uint32", number] | ["offset", number] | undefined;

const codes = new Map([...operatorNames].map(([code, name]) => [name, code]));

/** A table of these fields. */
export function table(builder: Builder, fields: readonly Field[]): number {
  builder.startObject(fields.length);
  fields.forEach((field, slot) => {
    if (!field) return;
    const [kind, value] = field;
    // A default that no value equals, so that every field is written.
    if (kind === "int8") builder.addFieldInt8(slot, value, Number.NaN);
    else if (kind === "float32") builder.addFieldFloat32(slot, value, Number.NaN);
    else if (kind === "offset") builder.addFieldOffset(slot, value, 0);
    else builder.addFieldInt32(slot, value, Number.NaN);
  });
  return builder.endObject();
}

export function vector(builder: Builder, kind: "int32" | "float32" | "int64" | "offset", values: readonly number[]): number {
  builder.startVector(kind === "int64" ? 8 : 4, values.length, kind === "int64" ? 8 : 4);
  for (const value of values.toReversed()) {
    if (kind === "int64") builder.addInt64(BigInt(value));
    else if (kind === "float32") builder.addFloat32(value);
    else if (kind === "int32") builder.addInt32(value);
    else builder.addOffset(value);
  }
  return builder.endVector();
}

export const bytesVector = (builder: Builder, data: ArrayBufferView) => builder.createByteVector(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));

export class LiteFile {
  private readonly tensors: LiteTensor[] = [];
  private readonly operators: { code: number; inputs: readonly number[]; outputs: readonly number[]; options: readonly Field[]; ints?: readonly number[] }[] =
    [];

  tensor(tensor: LiteTensor): number {
    return this.tensors.push(tensor) - 1;
  }

  floats(shape: readonly number[], data: ArrayLike<number>): number {
    return this.tensor({ shape, data: Float32Array.from(data), name: `floats${this.tensors.length}` });
  }

  ints(values: readonly number[], shape: readonly number[] = [values.length]): number {
    return this.tensor({ shape, type: 2, data: Int32Array.from(values), name: `ints${this.tensors.length}` });
  }

  /** An operator by its name; its outputs are tensors of these shapes, or such tensors. @param ints a vector that the options' last field is */
  op(
    name: string,
    inputs: readonly number[],
    options: readonly Field[] = [],
    outputs: readonly (LiteTensor | readonly number[])[] = [[]],
    ints?: readonly number[],
  ): number[] {
    const made = outputs.map((each, i) => this.tensor("shape" in each ? each : { shape: each, name: `${name}${this.tensors.length}_${i}` }));
    this.operators.push({ code: codes.get(name) ?? 32, inputs, outputs: made, options, ints });
    return made;
  }

  bytes(inputs: readonly number[], outputs: readonly number[], metadata?: Uint8Array): Uint8Array<ArrayBuffer> {
    const builder = new Builder(1024);
    const offsets = (values: readonly number[]) => ["offset", vector(builder, "offset", values)] as const satisfies Field;
    const ints = (values: readonly number[]) => ["offset", vector(builder, "int32", values)] as const satisfies Field;
    const text = (value: string) => ["offset", builder.createString(value) as number] as const satisfies Field;
    const data = [undefined, ...new Set(this.tensors.flatMap((tensor) => tensor.data ?? [])), metadata];
    const buffers = data.map((each) => table(builder, [each && ["offset", bytesVector(builder, each)]]));
    const tensors = this.tensors.map(({ shape, type = 0, data: numbers, name = "x", quantization, signature }) => {
      const quantized =
        quantization &&
        table(builder, [
          undefined,
          undefined,
          ["offset", vector(builder, "float32", quantization.scales)],
          ["offset", vector(builder, "int64", quantization.zeroPoints)],
          undefined,
          undefined,
          ["int32", quantization.axis ?? 0],
        ]);
      return table(builder, [
        ints(shape),
        ["int8", type],
        ["uint32", data.indexOf(numbers)],
        text(name),
        quantized === undefined ? undefined : ["offset", quantized],
        undefined,
        undefined,
        signature && ints(signature),
      ]);
    });
    const operators = this.operators.map(({ inputs, outputs, options, ints: last }, i) => {
      const fields = last ? [...options, ints(last)] : options;
      return table(builder, [
        ["uint32", i],
        ints(inputs),
        ints(outputs),
        fields.length > 0 ? ["int8", 1] : undefined,
        fields.length > 0 ? ["offset", table(builder, fields)] : undefined,
      ]);
    });
    const kinds = this.operators.map(({ code }) =>
      table(builder, [["int8", Math.min(code, 127)], code === 32 ? text("mine") : undefined, undefined, ["int32", code]]),
    );
    const graph = table(builder, [offsets(tensors), ints(inputs), ints(outputs), offsets(operators)]);
    const notes = metadata ? [table(builder, [text("TFLITE_METADATA"), ["uint32", buffers.length - 1]])] : [];
    const model = table(builder, [["uint32", 3], offsets(kinds), offsets([graph]), text("test"), offsets(buffers), undefined, offsets(notes)]);
    builder.finish(model, "TFL3");
    return new Uint8Array(builder.asUint8Array());
  }
}
