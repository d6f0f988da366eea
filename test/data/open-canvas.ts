import { createHash } from "node:crypto";
import { Canvas, type Raster } from "../../src/data/transforms/canvas.js";
import { instantiate } from "../../src/runtime/instance.js";
import { createMemory } from "../../src/runtime/memory.js";

const base = 65536;

/** Kernels on a memory of their own, for tests that call single transforms. */
export async function openCanvas(): Promise<Canvas> {
  const memory = createMemory(base);
  return new Canvas(await instantiate({ build: "simd", memory, named: ["blend_u8"] }), memory, base);
}

/** An image in the canvas' memory from 1, 3 or 4 bytes a pixel. Takes back all earlier ones. */
export function place(canvas: Canvas, data: Uint8Array, width: number, height: number, channels: number): Raster {
  canvas.reset();
  const at = canvas.allocate(width * height * 4);
  canvas.kernels.unpack_u8(at, canvas.place(data), channels, 0, width * height);
  return { at, width, height, stride: width * 4, channels: channels === 1 ? 1 : 3, dtype: "uint8" };
}

/** An image's bytes with 1, 3 or 4 a pixel. */
export function bytesOf(canvas: Canvas, { at, width, height, stride }: Raster, channels: number): Uint8Array {
  const packed = canvas.allocate(width * height * channels);
  canvas.kernels.pack_u8(packed, at, channels, width, stride, 0, height);
  return new Uint8Array(canvas.buffer, packed, width * height * channels).slice();
}

/** The first 16 digits of a SHA-256, as the fixtures hold it. */
export function digest(data: Uint8Array | Float32Array): string {
  return createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex")
    .slice(0, 16);
}
