import type { ImageSource } from "../data/image.js";
import { prepareImages } from "../data/prepare.js";
import { CenterCrop, Resize } from "../data/transforms/index.js";

/** Images as square PNG data URLs of `side` pixels, cut from the middle. */
export async function thumbnails(images: readonly ImageSource[], { side = 96, signal }: { side?: number; signal?: AbortSignal } = {}): Promise<string[]> {
  const pipeline = [Resize(side, { interpolation: "bilinear" }), CenterCrop(side)];
  const prepared = await prepareImages(images, { pipeline, channels: 3, signal });
  const { Jimp } = await import("jimp");
  return Promise.all(
    prepared.map(async ({ data, width, height }) => {
      const rgba = new Uint8Array(width * height * 4).fill(255);
      for (let pixel = 0; pixel < width * height; pixel++) for (let channel = 0; channel < 3; channel++) rgba[pixel * 4 + channel] = data[pixel * 3 + channel];
      return Jimp.fromBitmap({ data: rgba, width, height }).getBase64("image/png");
    }),
  );
}
