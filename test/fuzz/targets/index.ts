/** Every reader of files that strangers write. */
import type { Target } from "../run.js";
import { descriptions } from "./descriptions.js";
import { onnx } from "./onnx.js";
import { safetensors } from "./safetensors.js";
import { saved } from "./saved.js";
import { tfjs, zip } from "./tfjs.js";
import { tflite } from "./tflite.js";

export const targets: readonly Target[] = [safetensors, saved, onnx, tfjs, tflite, zip, descriptions];
