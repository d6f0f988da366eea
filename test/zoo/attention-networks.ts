import type { ArchitectureOptions, Network } from "../../src/nn/architecture.js";
import { convNext, type ConvNextVariant } from "../../src/zoo/convnext.js";
import { resolveOptions } from "../../src/zoo/family.js";
import { swin, type SwinVariant } from "../../src/zoo/swin.js";
import { vit, type VitVariant } from "../../src/zoo/vit.js";

/** A network that scripts/fixtures/zoo-attention.py makes of a library's class. */
export interface Made {
  readonly library: "torchvision" | "timm";
  readonly family: "convnext" | "vit" | "swin";
  readonly variant: object;
  readonly options: ArchitectureOptions;
}

const families = {
  convnext: (variant: object) => convNext(variant as ConvNextVariant),
  vit: (variant: object) => vit(variant as VitVariant),
  swin: (variant: object) => swin(variant as SwinVariant),
};

/** The same network of ours. */
export function madeNetwork({ library, family, variant, options }: Made): Network {
  const made = families[family](variant);
  return made.build(resolveOptions(family, made, { naming: library, ...options }) as never);
}
