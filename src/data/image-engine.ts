import { ArgumentError } from "../core/errors.js";
import type { Build, Kernels } from "../runtime/instance.js";
import { createMemory } from "../runtime/memory.js";
import { kernelsOf, scriptOf } from "../runtime/modules.js";
import type { Pixels } from "./decode/pixels.js";
import { Canvas, type Memory, type Raster } from "./transforms/canvas.js";
import { addDefinitions, isBasic, type Pipeline, type RandomAt, runPipeline } from "./transforms/pipeline.js";

/** What a pipeline makes of an image, `[height, width, channels]`: floats after `Normalize`, else bytes. */
export interface ProcessedImage {
  readonly data: Float32Array | Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** First byte after the page that holds the kernels' static data. */
const firstFreeByte = 65536;

const noRandom: RandomAt = (position) => {
  throw new ArgumentError(`image engine: step ${position} of the pipeline draws at random; give the draws as well`);
};

/**
 * Runs image pipelines in a Wasm memory of its own, one image after another. The memory grows to the largest image seen and goes with the
 * engine. Calls are synchronous: this is what runs inside a data worker.
 */
export class ImageEngine {
  private readonly canvas: Canvas;
  private augmenting?: Promise<void>;

  /** An engine on a memory of its own. The results are the same in every build. */
  static async open(build: Build = "simd"): Promise<ImageEngine> {
    const memory = createMemory(firstFreeByte);
    return new ImageEngine(build, await kernelsOf(build, memory), memory);
  }

  private constructor(
    private readonly build: Build,
    kernels: Kernels,
    private readonly memory: Memory,
  ) {
    this.canvas = new Canvas(kernels, memory, firstFreeByte);
  }

  /** Fetches what a pipeline needs beyond resize, crop, horizontal flip and normalisation. Such a pipeline runs only after that. */
  async load(pipeline: Pipeline): Promise<void> {
    if (isBasic(pipeline)) return;
    this.augmenting ??= this.loadAugmentations();
    await this.augmenting;
  }

  private async loadAugmentations(): Promise<void> {
    try {
      addDefinitions((await scriptOf("augmentations", () => import("./worker-augmentations.js"))).definitions);
      this.canvas.kernels = await kernelsOf(this.build, this.memory, ["blend_u8"]);
    } catch (error) {
      this.augmenting = undefined; // a chunk that did not load may do so the next time
      throw error;
    }
  }

  /**
   * Takes RGB out of the pixels (alpha is dropped, gray repeated, as Pillow's `convert("RGB")`), or with `channels: 1` gray (ITU-R 601,
   * as `convert("L")`), and runs the steps.
   *
   * @param options.into where the result goes, if it is floats and fits exactly; else it has an array of its own
   * @param random draws for each position, see `randomAt` in draws.ts; needed where a step is random
   * @throws {ArgumentError} for data that does not fit its sizes, {LimitError} above `limits.imagePixels`
   */
  run(pixels: Pixels, pipeline: Pipeline, random: RandomAt = noRandom, { channels = 3, into }: { channels?: 1 | 3; into?: Float32Array } = {}): ProcessedImage {
    this.canvas.reset();
    return this.read(runPipeline(this.canvas, this.write(pixels, channels), pipeline, random), into);
  }

  private write({ data, width, height, channels }: Pixels, wanted: 1 | 3): Raster {
    const size = width * height;
    const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
    if (!whole || ![1, 3, 4].includes(channels) || data.length !== size * channels) {
      throw new ArgumentError(`image engine: expected width x height x channels (1, 3 or 4) bytes, got ${data.length} for ${width}x${height}x${channels}`);
    }
    const { canvas } = this;
    canvas.checkSize(width, height);
    const given = canvas.allocate(data.length);
    new Uint8Array(canvas.buffer, given, data.length).set(data);
    const at = channels === 4 ? given : canvas.allocate(size * 4);
    if (channels !== 4) canvas.kernels.unpack_u8(at, given, channels, 0, size);
    const image: Raster = { at, width, height, stride: width * 4, channels: wanted, dtype: "uint8" };
    if (wanted === 3 || channels === 1) return image;
    const gray = canvas.raster(width, height, 1);
    canvas.kernels.luma_u8(gray.at, image.at, width, gray.stride, image.stride, 0, height);
    return gray;
  }

  private read({ at, width, height, stride, channels, dtype }: Raster, into?: Float32Array): ProcessedImage {
    const { canvas } = this;
    const size = width * height * channels;
    if (dtype === "float32") {
      const floats = new Float32Array(canvas.buffer, at, size);
      if (into?.length !== size) return { data: floats.slice(), width, height, channels };
      into.set(floats);
      return { data: into, width, height, channels };
    }
    const packed = canvas.allocate(size);
    canvas.kernels.pack_u8(packed, at, channels, width, stride, 0, height);
    return { data: new Uint8Array(canvas.buffer, packed, size).slice(), width, height, channels };
  }
}
