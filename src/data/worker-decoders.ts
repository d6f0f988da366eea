/** Everything that turns image files into pixels, as a bundle of its own for workers: it comes with the first image that is a file. */
export { takeModulesFrom } from "../runtime/modules.js";
export { decodeImage } from "./decode/decode.js";
