/** ONNX files for tests, written field by field. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type GraphProtoSchema, ModelProtoSchema } from "onnx-buf";

type GraphInit = MessageInitShape<typeof GraphProtoSchema>;
type ModelInit = MessageInitShape<typeof ModelProtoSchema>;

/** A tensor's type as an input or output states it: float32 unless said. */
export const info = (name: string, shape: readonly number[], elemType = 1) => ({
  name,
  type: {
    value: {
      case: "tensorType" as const,
      value: { elemType, shape: { dim: shape.map((size) => ({ value: { case: "dimValue" as const, value: BigInt(size) } })) } },
    },
  },
});

/** A float32 tensor. */
export const floats = (name: string, dims: readonly number[], values: readonly number[]) => ({
  name,
  dims: dims.map(BigInt),
  dataType: 1,
  floatData: [...values],
});

/** An int64 tensor. */
export const longs = (name: string, dims: readonly number[], values: readonly number[]) => ({
  name,
  dims: dims.map(BigInt),
  dataType: 7,
  int64Data: values.map(BigInt),
});

/** The file of a graph from x to y. */
export function onnxFile(graph: GraphInit, rest: ModelInit = {}): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: "", version: 17n }],
    graph: { input: [info("x", [2, 3])], output: [info("y", [2, 3])], ...graph },
    ...rest,
  } as ModelInit);
  return toBinary(ModelProtoSchema, model);
}

export const node = (opType: string, input: string[], output: string[], rest = {}) => ({ opType, input, output, ...rest });

/** From x to y. */
export const identity = node("Identity", ["x"], ["y"]);

/** A tensor "b" of three float32 whose bytes lie in another file. */
export const externalTensor = (entries: Record<string, string>) => ({
  name: "b",
  dims: [3n],
  dataType: 1,
  dataLocation: 1,
  externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
});
