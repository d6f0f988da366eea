import { type Cell, expectEqual, type Setting } from "../cell.js";

const files = {
  onnx: "weights/squeezenet1_0_deepcompression/model.onnx",
  tfjs: "weights/teachable_machine_mobilenet_v2_0.35",
  tflite: "weights/mobilenet_v1_0.25_128_coral_qat/mobilenet_v1_0.25_128_quant.tflite",
  safetensors: "weights/squeezenet1_0_deepcompression/model.safetensors",
};

/** `ocelli/onnx`, `ocelli/tfjs`, `ocelli/tflite` and `ocelli/safetensors` of the installed package. */
export function* foreign({ project, programs }: Setting): Iterable<Cell> {
  const input = Object.fromEntries(Object.entries(files).map(([name, path]) => [name, project.asset(path)]));
  if (Object.values(input).includes(undefined)) {
    console.log("left out: subpaths (there are no assets)");
    return;
  }
  input.tfjs += "/model.json";
  let expected: unknown;
  for (const installed of programs)
    yield {
      name: `${installed.name}, subpaths`,
      async run() {
        const found = await installed.run("jobs/foreign.js", input);
        expectEqual(found, (expected ??= found), "what they open");
        return JSON.stringify(found);
      },
    };
}
