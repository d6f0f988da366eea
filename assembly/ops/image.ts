/** The image kernels; src/data/image-engine.ts is their only caller. */
export * from "../image/pixels";
export * from "../image/resample";
