/** Every reader of files that strangers write. */
import type { Target } from "../run.js";
import { onnx } from "./onnx.js";
import { safetensors } from "./safetensors.js";

export const targets: readonly Target[] = [safetensors, onnx];
