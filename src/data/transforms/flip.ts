import type { Canvas, Raster } from "./canvas.js";
import { checkProbability, type Definition, describe } from "./definition.js";
import { downwards, gather, upwards } from "./gather.js";

interface FlipParameters {
  p: number;
}

function flip(name: string, mirror: (canvas: Canvas, image: Raster) => Raster): Definition<FlipParameters, true> {
  return {
    name,
    defaults: { p: 0.5 },
    bytesOnly: true,
    check: ({ p }) => checkProbability(`${name}: p`, p),
    sample: ({ p }, _image, random) => (random().uniform() < p ? true : undefined),
    apply: mirror,
  };
}

export const randomHorizontalFlip = /* @__PURE__ */ flip("RandomHorizontalFlip", (canvas, image) => {
  const to = canvas.raster(image.width, image.height, image.channels);
  canvas.kernels.mirror_u8(to.at, image.at, to.width, to.stride, image.stride, 0, to.height);
  return to;
});
export const randomVerticalFlip = /* @__PURE__ */ flip("RandomVerticalFlip", (canvas, image) =>
  gather(canvas, image, downwards(image.height), upwards(image.width)),
);

/** Mirrors left and right with probability `p` (default 0.5). */
export const RandomHorizontalFlip = (options: Partial<FlipParameters> = {}) => describe(randomHorizontalFlip, options);
/** Mirrors top and bottom with probability `p` (default 0.5). */
export const RandomVerticalFlip = (options: Partial<FlipParameters> = {}) => describe(randomVerticalFlip, options);
