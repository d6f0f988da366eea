import { describe, expect, it } from "vitest";
import { inferenceGraph } from "../../src/model/graphs.js";
import { blockNumbers } from "../../src/train/depth-groups.js";
import { architecture } from "../../src/zoo/registry.js";
import { learning } from "../fixtures/learning.js";

/** Names of a backbone's parameters, in order. */
async function backboneOf(name: string): Promise<string[]> {
  const { options } = await architecture(name);
  const isNamed = ["torchvision", "timm"].includes(String(options.naming));
  const network = await architecture(name, isNamed ? { naming: "timm" } : {});
  const graph = inferenceGraph(network, 10, { batch: 1, height: network.inputSize, width: network.inputSize }, "features");
  return [...graph.kept.values()].filter(({ kind }) => kind === "parameter").map((value) => value.name);
}

describe("blockNumbers", () => {
  it.each(learning.layers)("$name: its $layers layers are timm's", async ({ name, first, counts, layers }) => {
    const names = await backboneOf(name);
    const numbers = blockNumbers(names);
    const own = new Map(names.map((key, i) => [key, numbers[i]]));
    expect(first.slice(0, -1).map((key) => own.get(key))).toEqual(first.slice(0, -1).map((_, i) => i));
    expect(Math.max(...numbers)).toBe(layers - 2);
    // Of the last block here may be more: layers between pooling and classifier.
    const ours = counts.slice(0, -1).map((_, i) => numbers.filter((number) => number === i).length);
    expect(ours.slice(0, -1)).toEqual(counts.slice(0, -2));
    expect(ours.at(-1)).toBeGreaterThanOrEqual(counts.at(-2) as number);
  });
});
