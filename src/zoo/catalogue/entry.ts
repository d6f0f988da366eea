import type { ArchitectureOptions, PreprocessingDefaults } from "../../nn/architecture.js";
import type { Family } from "../family.js";

/** What a name stands for. */
export interface Entry {
  /** File of `src/zoo/` that builds it. */
  readonly family: string;
  readonly load: () => Promise<Family>;
  readonly preprocessing: PreprocessingDefaults;
  readonly defaultClasses?: number;
  /** Options that this name stands for. */
  readonly options?: ArchitectureOptions;
  /** Its parameter names and results are those of a paper and a published list of names; no published checkpoint has been run. */
  readonly unverified?: true;
}

export type Entries = Readonly<Record<string, Entry>>;

export const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
export const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** torchvision's `ImageClassification(crop_size=224)`. */
export const torchvision: PreprocessingDefaults = { resize: 256, crop: 224, interpolation: "bilinear", ...imagenet };
/** That of its second recipe's weights, for networks that have no others. */
export const torchvision2: PreprocessingDefaults = { ...torchvision, resize: 232 };
/** timm's defaults: `crop_pct` 0.875, bicubic. */
export const timm: PreprocessingDefaults = { ...torchvision, interpolation: "bicubic" };

/** timm's defaults at another size: what is cut is `cropPct` of the resized shorter side. */
export const timmAt = (size: number, cropPct: number): PreprocessingDefaults => ({ ...timm, resize: Math.floor(size / cropPct), crop: size });
