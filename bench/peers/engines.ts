import { litert } from "./litert.js";
import { onnxruntimeNode, onnxruntimeWeb } from "./onnxruntime.js";
import { onnxruntimeTraining } from "./onnxruntime-training.js";
import type { Job, Side } from "../job.js";
import { tfjsCpu, tfjsWasm } from "./tfjs.js";
import { tfjsTraining } from "./tfjs-training.js";
import { torch } from "./torch.js";

/** Who does which work, by the names that `--peers` takes. */
export const engines: Record<Job["work"], Record<string, (job: Job) => Promise<Side>>> = {
  inference: {
    litert,
    "onnxruntime-web": onnxruntimeWeb,
    "tfjs-wasm": tfjsWasm,
    "tfjs-cpu": tfjsCpu,
    "onnxruntime-node": onnxruntimeNode,
    torch,
    "torch-optimized": torch,
  },
  training: { "onnxruntime-web": onnxruntimeTraining, "tfjs-cpu": tfjsTraining, torch },
};

/** Only when asked for: too slow to wait for. */
export const slow = (peer: string, { work, model }: Pick<Job, "work" | "model">): boolean =>
  peer === "tfjs-cpu" && !(work === "inference" && model === "mobilenet_v2");
