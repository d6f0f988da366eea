/** `ocelli/vision`: what can be done with a model besides classifying. */
export { type AugmentedSamplesOptions, augmentedSamples } from "./augmented-samples.js";
export type { DuplicateGroup, DuplicateOptions } from "./search/duplicates.js";
export { type AddOptions, EmbeddingIndex, type IndexItem, type Match, type SearchOptions } from "./search/embedding-index.js";
export { type ExplainOptions, type Explanation, explain, layersToExplain } from "./explain/explain.js";
export type { GraphImageOptions } from "./explain/network.js";
export type { HeatGrid } from "./explain/grad-cam.js";
export { type Overlay, type OverlayOptions, overlay } from "./explain/overlay.js";
export { type Mistake, type Mistakes, type MistakesOptions, mistakes, type SuspiciousLabel } from "./mistakes.js";
export { type CalibrateOptions, type Calibration, type CalibrationReport, calibrate, type Recognition, recognize } from "./calibrate/calibrate.js";
export { type CodeSnippetOptions, codeSnippet } from "./take-away/code-snippet.js";
export { type ExportPageOptions, exportPage } from "./take-away/export-page.js";
