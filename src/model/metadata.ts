/**
 * Metadata keys of our files. The file is a whole classifier: architecture and its options, labels, preprocessing.
 * Tensors have PyTorch's names and layouts, so `load_state_dict(strict=True)` takes them.
 */
export const metadataKeys = {
  architecture: "ocelli.architecture",
  labels: "ocelli.labels",
  preprocessing: "ocelli.preprocessing",
  notes: "ocelli.notes",
  /** What `calibrate` found. */
  calibration: "ocelli.calibration",
  /** How it was trained: the recipe, JSON. */
  recipe: "ocelli.recipe",
  /** Of a network that came in a file: its graph without the weights, an ONNX file in base64. */
  graph: "ocelli.graph",
} as const;
