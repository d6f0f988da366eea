/** Prints the tensors of one of our networks as `scripts/fixtures/zoo-names.py` prints those of torchvision and timm. `npx tsx scripts/zoo-names.ts resnet50d` */
import { inferenceGraph } from "../src/model/graphs.js";
import { stateDictShapes } from "../src/nn/state-dict.js";
import { architecture } from "../src/zoo/registry.js";

const network = await architecture(process.argv[2]);
const size = { batch: 1, height: network.inputSize, width: network.inputSize };
const shapes = stateDictShapes(inferenceGraph(network, network.defaultClasses, size, "logits"));
console.log(
  [...shapes]
    .map(([name, shape]) => `${name} ${shape.join(",")}`)
    .sort()
    .join("\n"),
);
