/** The image kernels; src/data/image-engine.ts is their only caller. */
export * from "../image/blur";
export * from "../image/color";
export * from "../image/pixels";
export * from "../image/resample";
export * from "../image/warp";
