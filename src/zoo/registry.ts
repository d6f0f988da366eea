import { ArgumentError } from "../core/errors.js";
import type { ArchitectureOptions, NamedArchitecture } from "../nn/architecture.js";
import type { Entry } from "./catalogue/entry.js";
import { resolveOptions, type Family } from "./family.js";

/**
 * An architecture by its torchvision or timm name; the code of its family is loaded on first use.
 *
 * @param given options of the family, such as `{ padding: "same", width: 0.5, epsilon: 1e-3 }`; `Architecture.options` has them all
 * @throws {ArgumentError} for an unknown name or option, naming the nearest name or the options that exist
 */
export async function architecture(name: string, given: ArchitectureOptions = {}): Promise<NamedArchitecture> {
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
    unverified: entry.unverified,
    ...family.build(options),
  };
}

/**
 * An architecture with the parameter names that a checkpoint uses, where the family is known under two namings, and
 * with what goes with that naming (epsilon); with its branches or with them fused, as the checkpoint has them.
 *
 * @param tensors names of the checkpoint's tensors
 */
export async function architectureFor(name: string, tensors: Iterable<string>, given: ArchitectureOptions = {}): Promise<NamedArchitecture> {
  const { family } = await find(name);
  const present = new Set(tensors);
  const optionBy = (tensors: Family["namings"]) => Object.entries(tensors ?? {}).find(([, tensor]) => present.has(tensor))?.[0];
  const found = Object.entries({ naming: optionBy(family.namings), form: optionBy(family.forms) }).filter(([, value]) => value !== undefined);
  return architecture(name, { ...given, ...(Object.fromEntries(found) as ArchitectureOptions) });
}

async function find(name: string): Promise<{ entry: Entry; family: Family }> {
  const { catalogue, nearestModel } = await import("./catalogue/index.js");
  const entry = catalogue.get(name);
  if (!entry) throw new ArgumentError(`unknown architecture "${name}": did you mean ${nearestModel(name)}? listModels() gives all names`);
  return { entry, family: await entry.load() };
}
