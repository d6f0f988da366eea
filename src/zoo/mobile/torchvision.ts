import type { Block } from "./stages.js";

/** Where a layer of a block stands: the block, its numbers in its stage and in the network, the layer's number in the block, its module there. */
export interface Place {
  readonly block: Block;
  readonly stage: number;
  readonly inStage: number;
  readonly inNetwork: number;
  readonly layer: number;
  /** 0: the convolution, 1: the norm; `fc1` and `fc2` of squeeze-and-excitation. */
  readonly module: 0 | 1 | "fc1" | "fc2";
}

/** torchvision's names of the modules in blocks, by timm's. It counts the layers that are there; `name` says how for one family. */
export function torchvisionModules(stages: readonly (readonly Block[])[], name: (place: Place) => string): [timm: string, torchvision: string][] {
  const blocks = stages.flatMap((blocks, stage) => blocks.map((block, inStage) => ({ block, stage, inStage })));
  return blocks.flatMap((place, inNetwork) =>
    layersOf(place.block).flatMap((names, layer) =>
      names.map((timm, k): [string, string] => {
        const module = timm.startsWith("se.") ? (["fc1", "fc2"] as const)[k] : ([0, 1] as const)[k];
        return [`blocks.${place.stage}.${place.inStage}.${timm}`, name({ ...place, inNetwork, layer, module })];
      }),
    ),
  );
}

/** timm's names of what a block has, in the order of its layers. */
function layersOf({ block, expansion, excite }: Block): string[][] {
  const excitation = excite ? [["se.conv_reduce", "se.conv_expand"]] : [];
  if (block === "conv") return [["conv", "bn1"]];
  if (block === "fused") return [["conv_exp", "bn1"], ...excitation, ["conv_pwl", "bn2"]];
  return expansion === 1
    ? [["conv_dw", "bn1"], ...excitation, ["conv_pw", "bn2"]]
    : [["conv_pw", "bn1"], ["conv_dw", "bn2"], ...excitation, ["conv_pwl", "bn3"]];
}
