/** The decoders that are JavaScript from end to end: in worker threads a bundle of their own, which comes with the first image that needs one. */
export { decodeBmp } from "./bmp.js";
export { decodeGif } from "./gif.js";
export { decodePng } from "./png.js";
export { decodeTiff } from "./tiff.js";
