/**
 * The package's Wasm by name: the kernels of each build and of parts, and image decoders, deflated and in base64. Each is loaded when it
 * is first asked for. The static entry points (`dist/static/`) have compiled modules in this file's place, by the package's `#wasm`.
 */
export const embedded = {
  simd: () => import("../generated/wasm-simd.js"),
  relaxed: () => import("../generated/wasm-relaxed.js"),
  turbo: () => import("../generated/wasm-turbo.js"),
  "simd-general": () => import("../generated/wasm-simd-general.js"),
  "relaxed-general": () => import("../generated/wasm-relaxed-general.js"),
  "simd-quantized": () => import("../generated/wasm-simd-quantized.js"),
  "relaxed-quantized": () => import("../generated/wasm-relaxed-quantized.js"),
  "simd-training": () => import("../generated/wasm-simd-training.js"),
  "relaxed-training": () => import("../generated/wasm-relaxed-training.js"),
  "simd-attention": () => import("../generated/wasm-simd-attention.js"),
  "relaxed-attention": () => import("../generated/wasm-relaxed-attention.js"),
  "simd-augment": () => import("../generated/wasm-simd-augment.js"),
  "relaxed-augment": () => import("../generated/wasm-relaxed-augment.js"),
  jpeg: () => import("../generated/codec-jpeg.js"),
  webp: () => import("../generated/codec-webp.js"),
};

export type BinaryName = keyof typeof embedded;
