import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, StringStringEntryProtoSchema } from "onnx-buf";

/** An ONNX file whose tensors' bytes lie in another file, and that file. */
export function withDataApart(onnx: Uint8Array, location: string): { file: Uint8Array; data: Uint8Array } {
  const model = fromBinary(ModelProtoSchema, onnx);
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of model.graph?.initializer ?? []) {
    if (tensor.rawData.length === 0) continue;
    const entries = { location, offset: String(offset), length: String(tensor.rawData.length) };
    tensor.externalData = Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
    tensor.dataLocation = 1;
    parts.push(tensor.rawData);
    offset += tensor.rawData.length;
    tensor.rawData = new Uint8Array();
  }
  if (offset < 1_000_000) throw new Error(`expected a megabyte of tensors, found ${offset} bytes`);
  return { file: toBinary(ModelProtoSchema, model), data: Buffer.concat(parts) };
}
