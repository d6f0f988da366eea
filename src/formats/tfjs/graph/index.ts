export const convertGraphModel = null as never as (a: unknown, b: unknown, c: unknown) => import("../../onnx/read-model.js").OnnxModel;
