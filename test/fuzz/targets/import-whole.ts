import type { ForeignModel } from "../../../src/formats/foreign.js";
import { inferenceGraph } from "../../../src/model/graphs.js";
import { importClassifier } from "../../../src/zoo/imported/index.js";

/** What `loadModel` does with a foreign model before it allocates memory for it: the architecture and its graph. */
export function importWhole({ graph }: ForeignModel): void {
  const { architecture } = importClassifier(graph, { name: "fuzz", file: "fuzz", size: [12, 12] });
  const [height, width] = typeof architecture.inputSize === "number" ? [architecture.inputSize, architecture.inputSize] : architecture.inputSize;
  inferenceGraph(architecture, architecture.defaultClasses, { batch: 1, height, width }, "logits");
}
