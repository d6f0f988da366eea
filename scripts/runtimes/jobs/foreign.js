import { openSafetensors } from "ocelli/safetensors";
import { openOnnx, readOnnx } from "ocelli/onnx";
import { openTfjs } from "ocelli/tfjs";
import { openTflite } from "ocelli/tflite";

/** Opens files of other programs by the subpaths of the package: what each network has, and its outputs for one input, rounded. */
export default async function foreign({ onnx, tfjs, tflite, safetensors }, { base }) {
  const at = (path) => new URL(path, base);
  const found = { readOnnx: typeof readOnnx };
  for (const [name, open] of Object.entries({ onnx: openOnnx, tfjs: openTfjs, tflite: openTflite })) {
    const model = await open(at({ onnx, tfjs, tflite }[name]), { build: "simd" });
    const [{ name: input, shape }] = model.inputs;
    const sizes = shape.map((size) => (size > 0 ? size : 1));
    const data = Float32Array.from({ length: sizes.reduce((a, b) => a * b) }, (_, i) => ((i * 7919) % 255) / 128 - 1);
    const outputs = await model.run({ [input]: { data, shape: sizes } });
    found[name] = Object.values(outputs).map(({ data, shape }) => ({ shape, best: data.indexOf(Math.max(...data)), finite: data.every(Number.isFinite) }));
    model.close();
  }
  const file = await openSafetensors(at(safetensors));
  found.safetensors = file.tensors.size;
  await file.close();
  return found;
}
