import { type ArchitectureDescription, describe } from "../model/describe.js";
import type { ArchitectureOptions } from "../nn/architecture.js";
import { architecture } from "./registry.js";

/**
 * What an architecture is, without making a model of it: input, parameters, operations, layers, preprocessing.
 *
 * @param options.numClasses default the architecture's
 * @throws {ArgumentError} for an unknown name or option, listing those that exist
 */
export async function describeArchitecture(
  name: string,
  { numClasses, options }: { numClasses?: number; options?: ArchitectureOptions } = {},
): Promise<ArchitectureDescription> {
  const built = await architecture(name, options);
  const { channels, inputSize, preprocessing } = built;
  return describe(built, numClasses ?? built.defaultClasses, { imageSize: [inputSize, inputSize], preprocessing: { ...preprocessing, channels } });
}
