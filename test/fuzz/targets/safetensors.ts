import { openSafetensors, writeSafetensors } from "../../../src/formats/safetensors/index.js";
import type { Target } from "../run.js";

const floats = (...values: number[]) => Float32Array.from(values);

export const safetensors: Target = {
  name: "safetensors",
  files: [
    await writeSafetensors([{ name: "a", dtype: "F32", shape: [2, 2], data: floats(1, 2, 3, 4) }], {}),
    await writeSafetensors(
      [
        { name: "weight", dtype: "F16", shape: [3], data: floats(1, 2, 3) },
        { name: "layer.0.bias", dtype: "BF16", shape: [1, 2], data: floats(1, 2) },
        { name: "n", dtype: "I64", shape: [], data: BigInt64Array.of(7n) },
        { name: "bytes", dtype: "I8", shape: [0], data: new Int8Array(0) },
      ],
      { format: "pt", "ocelli.labels": '["cat","dog"]' },
    ),
  ],
  async read(bytes) {
    const file = await openSafetensors(bytes);
    for (const [name, { dtype }] of file.tensors) if (dtype.startsWith("F") || dtype.startsWith("BF")) await file.readFloat32(name);
    await file.close();
  },
};
