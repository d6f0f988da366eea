import { describe, expect, it } from "vitest";
import { gradients } from "../../src/autograd/index.js";
import { Graph, type Value } from "../../src/graph/graph.js";
import { addLoss, checkedLoss, classWeightsOf, type Loss, type LossName, lossDivisor } from "../../src/train/loss.js";
import { learning } from "../fixtures/learning.js";
import { expectAsPytorch, unpack } from "../fixtures/pytorch.js";
import { builds } from "../harness/kernels.js";
import { runGraph } from "../harness/run-kernels.js";

describe("losses follow PyTorch's, torchvision's and timm's", () => {
  const cases = learning.losses.flatMap((fixture) => builds.map((build) => ({ build, ...fixture })));
  it.each(cases)("$build: $name $options", async ({ build, name, options, labels, targets, weights, logits, loss, gradient }) => {
    const { labelSmoothing = 0, soft: softTargets, weighted, ...own } = options;
    const settings = { loss: checkedLoss({ name, ...own } as Loss), labelSmoothing, softTargets, weighted, reduction: "share" } as const;
    const graph = new Graph();
    const x = graph.input("logits", logits.shape);
    const y = addLoss(graph, x, settings);
    const dx = gradients(y, [x]).get(x) as Value;
    const divisor = lossDivisor(settings.loss, labels, weighted && unpack(weights), Boolean(softTargets));
    const given: Record<string, Float32Array | Int32Array> = {
      logits: unpack(logits),
      labels: Int32Array.from(labels),
      targets: unpack(targets),
      classWeights: unpack(weights),
      share: Float32Array.of(1 / divisor),
    };
    const feeds = new Map([...graph.inputs].map(([key, value]) => [value, given[key]]));
    const [found, slopes] = await runGraph(graph, feeds, [y, dx], { build });
    expectAsPytorch("loss", found, loss);
    expectAsPytorch("gradient", slopes, gradient);
  });

  it.each(builds)("%s: the mean is the sum over as many images", async (build) => {
    for (const name of ["crossEntropy", "binaryCrossEntropy", "focal", "sigmoidFocal"] as const) {
      const found = [];
      for (const reduction of ["mean", "sum", "share"] as const) {
        const graph = new Graph();
        const x = graph.input("logits", [4, 3]);
        const y = addLoss(graph, x, { loss: name, labelSmoothing: 0.1, reduction });
        const given: Record<string, Float32Array | Int32Array> = {
          logits: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)),
          labels: Int32Array.of(0, 2, 1, 1),
          share: Float32Array.of(0.25),
        };
        found.push((await runGraph(graph, new Map([...graph.inputs].map(([key, value]) => [value, given[key]])), [y], { build }))[0][0]);
      }
      expect(found[1] / 4).toBeCloseTo(found[0], 6);
      expect(found[2]).toBeCloseTo(found[0], 6);
    }
  });
});

describe("class weights", () => {
  it("balanced: each class weighs the same in all, a class without images 1", () => {
    expect([...classWeightsOf("balanced", [6, 2, 0, 4], [0, 1, 2, 3], 4)]).toEqual([0.5, 1.5, 1, 0.75]);
  });

  it("go to the labels that the model has for the data set's classes", () => {
    expect([...classWeightsOf([2, 3], [1, 1], [3, 1], 5)]).toEqual([1, 3, 1, 2, 1]);
    expect([...classWeightsOf("balanced", [3, 1], [3, 1], 5)].map((weight) => Math.round(weight * 1e3))).toEqual([1000, 2000, 1000, 667, 1000]);
  });

  it("are the divisor of losses of softmax with labels, and of no others", () => {
    const weights = Float32Array.of(1, 2, 4);
    const divisors = ["crossEntropy", "focal", "binaryCrossEntropy", "sigmoidFocal"].map((loss) => lossDivisor(loss as LossName, [0, 2, 2], weights, false));
    expect(divisors).toEqual([9, 9, 3, 3]);
    expect(lossDivisor("crossEntropy", [0, 2, 2], weights, true)).toBe(3);
    expect(lossDivisor(undefined, [0, 2, 2], undefined, false)).toBe(3);
  });
});

describe("checkedLoss", () => {
  it("gives every option", () => {
    expect(checkedLoss("sigmoidFocal")).toEqual({ name: "sigmoidFocal", gamma: 2, alpha: 0.25, sumClasses: false });
    expect(checkedLoss({ name: "binaryCrossEntropy", targetThreshold: 0.2 })).toEqual({ name: "binaryCrossEntropy", targetThreshold: 0.2, sumClasses: false });
  });

  it.each<[unknown, string]>([
    ["hinge", 'train: loss expected crossEntropy or binaryCrossEntropy or focal or sigmoidFocal, got "hinge"'],
    [{ name: "crossEntropy", gamma: 2 }, "train: loss crossEntropy: gamma is no option of it; those are none"],
    [{ name: "focal", gamma: -1 }, "train: loss focal: gamma expected a number from 0 to 10, got -1"],
    [{ name: "focal", gamma: "2" }, 'train: loss focal: gamma expected a number from 0 to 10, got "2"'],
    [{ name: "sigmoidFocal", sumClasses: 1 }, "train: loss sigmoidFocal: sumClasses expected true or false, got 1"],
  ])("refuses %j", (given, message) => {
    expect(() => checkedLoss(given as LossName)).toThrow(message);
  });
});
