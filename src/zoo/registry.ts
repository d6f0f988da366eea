import { ArgumentError } from "../core/errors.js";
import type { Architecture, ArchitectureOptions, PreprocessingDefaults } from "../nn/architecture.js";
import { resolveOptions, type Family } from "./family.js";

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** torchvision's `ImageClassification(crop_size=224)`. */
const torchvision: PreprocessingDefaults = { resize: 256, crop: 224, interpolation: "bilinear", ...imagenet };
/** timm's defaults: `crop_pct` 0.875, bicubic. */
const timm: PreprocessingDefaults = { ...torchvision, interpolation: "bicubic" };
/** CIFAR and the like: images have the network's size. */
const plain = (size: number, statistics: Pick<PreprocessingDefaults, "mean" | "std">): PreprocessingDefaults => ({
  resize: size,
  crop: size,
  interpolation: "bilinear",
  ...statistics,
});

interface Entry {
  readonly family: string;
  readonly load: () => Promise<Family>;
  readonly preprocessing: PreprocessingDefaults;
  readonly defaultClasses?: number;
  /** Options that this name stands for. */
  readonly options?: ArchitectureOptions;
}

const mobilenetV1 = { family: "mobilenet-v1", load: async () => (await import("./mobilenet-v1.js")).mobilenetV1 };
const mobilenetV2 = { family: "mobilenet-v2", load: async () => (await import("./mobilenet-v2.js")).mobilenetV2 };
const mobilenetV3Small = { family: "mobilenet-v3", load: async () => (await import("./mobilenet-v3.js")).mobilenetV3Small };
const mobilenetV3Large = { family: "mobilenet-v3", load: async () => (await import("./mobilenet-v3.js")).mobilenetV3Large };

const entries = new Map<string, Entry>([
  ["resnet18", { family: "resnet", load: async () => (await import("./resnet.js")).resnet18, preprocessing: torchvision }],
  ["resnet50", { family: "resnet", load: async () => (await import("./resnet.js")).resnet50, preprocessing: torchvision }],
  [
    "resnet20",
    { family: "resnet-cifar", load: async () => (await import("./resnet-cifar.js")).resnet20, preprocessing: plain(32, imagenet), defaultClasses: 10 },
  ],
  ["mobilenet_v1", { ...mobilenetV1, preprocessing: { ...timm, ...half } }],
  ["mobilenetv1_100", { ...mobilenetV1, preprocessing: { ...timm, ...half } }],
  ["mobilenet_v1_025", { ...mobilenetV1, preprocessing: { resize: 146, crop: 128, interpolation: "bilinear", ...half }, options: { width: 0.25 } }],
  ["mobilenet_v2", { ...mobilenetV2, preprocessing: torchvision }],
  ["mobilenetv2_100", { ...mobilenetV2, preprocessing: timm, options: { naming: "timm" } }],
  ["mobilenetv3_small_100", { ...mobilenetV3Small, preprocessing: timm }],
  ["mobilenetv3_large_100", { ...mobilenetV3Large, preprocessing: timm }],
  ["mobilenet_v3_small", { ...mobilenetV3Small, preprocessing: torchvision, options: { naming: "torchvision" } }],
  ["mobilenet_v3_large", { ...mobilenetV3Large, preprocessing: torchvision, options: { naming: "torchvision" } }],
  ["squeezenet1_0", { family: "squeezenet", load: async () => (await import("./squeezenet.js")).squeezenet10, preprocessing: torchvision }],
  [
    "small_cnn",
    {
      family: "small-cnn",
      load: async () => (await import("./small-cnn.js")).smallCnn,
      preprocessing: { ...plain(28, { mean: [0.5], std: [0.5] }), channels: 1 },
      defaultClasses: 10,
    },
  ],
]);

/** Names that `architecture` knows, in alphabetical order. */
export function listModels(): string[] {
  return [...entries.keys()].sort();
}

/**
 * An architecture by its torchvision or timm name; the code of its family is loaded on first use.
 *
 * @param given options of the family, such as `{ padding: "same", width: 0.5, epsilon: 1e-3 }`; `Architecture.options` has them all
 * @throws {ArgumentError} for an unknown name or option, listing those that exist
 */
export async function architecture(name: string, given: ArchitectureOptions = {}): Promise<Architecture> {
  const { entry, family } = await find(name);
  const options = resolveOptions(name, family, { ...entry.options, ...given });
  return {
    name,
    family: entry.family,
    inputSize: entry.preprocessing.crop,
    channels: entry.preprocessing.channels ?? 3,
    defaultClasses: entry.defaultClasses ?? 1000,
    preprocessing: entry.preprocessing,
    options,
    ...family.build(options),
  };
}

/**
 * An architecture with the parameter names that a checkpoint uses, where the family is known under two namings, and
 * with what goes with that naming (epsilon).
 *
 * @param tensors names of the checkpoint's tensors
 */
export async function architectureFor(name: string, tensors: Iterable<string>, given: ArchitectureOptions = {}): Promise<Architecture> {
  const { family } = await find(name);
  const present = new Set(tensors);
  const naming = Object.entries(family.namings ?? {}).find(([, tensor]) => present.has(tensor))?.[0];
  return architecture(name, naming ? { ...given, naming } : given);
}

async function find(name: string): Promise<{ entry: Entry; family: Family }> {
  const entry = entries.get(name);
  if (!entry) throw new ArgumentError(`unknown architecture "${name}": expected one of ${listModels().join(", ")}`);
  return { entry, family: await entry.load() };
}
