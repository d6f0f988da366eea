export type { FileSource, FileTarget } from "../../core/file-store.js";
export type { SourceLike } from "../../core/source.js";
export { bytesOf, isSafetensorsDtype, type SafetensorsDtype, safetensorsDtypes, type TensorArray, toFloat32 } from "./dtype.js";
export { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half.js";
export { type Header, readHeader, type TensorInfo, validate } from "./header.js";
export { openSafetensors, type SafetensorsFile, type SafetensorsTensor } from "./open.js";
export { saveSafetensors } from "./save.js";
export { SHA256_KEY } from "./sha256.js";
export { type Metadata, safetensorsChunks, type TensorToWrite, type WriteOptions, writeSafetensors } from "./write.js";
