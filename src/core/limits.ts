/**
 * Upper bounds that hold before anything is allocated or decoded. Readers of files written by strangers check
 * against these; the values are defaults and may be changed by assignment before the first call.
 */
export const limits = {
  /** Elements of one tensor (2^30 float32 = 4 GiB: all that a 32-bit Wasm memory holds). */
  elements: 2 ** 30,
  /** Bytes of one model's Wasm memory. */
  memoryBytes: 4 * 2 ** 30 - 65536,
  /** Pixels of one image, checked from its header before decoding (100 megapixels). */
  imagePixels: 100_000_000,
  /** Bytes of one encoded image file. */
  imageBytes: 256 * 2 ** 20,
  /** Bytes of decoded images that a training keeps for its next epochs, unless its option `imageCache` says otherwise (1 GiB). */
  imageCacheBytes: 2 ** 30,
  /** Bytes of a teacher's answers that a training keeps, unless distillation's `cacheBytes` says otherwise (1 GiB). */
  teacherCacheBytes: 2 ** 30,
  /** Bytes of a safetensors header, as in the format's reference implementation. */
  safetensorsHeaderBytes: 100_000_000,
  /** Tensors in one model file. */
  tensors: 100_000,
  /** Operators of one graph read from a file, with functions inlined. */
  graphNodes: 100_000,
  /** Bytes of one CSV manifest or metadata file. */
  textBytes: 256 * 2 ** 20,
};
