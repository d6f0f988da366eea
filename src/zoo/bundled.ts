import { ArgumentError } from "../core/errors.js";

/** Weights that ship with the package: architecture name -> file below `models/`. */
const files = new Map([["resnet20", "resnet20-tiny-imagenet/model.safetensors"]]);

/** Architectures that `pretrained: true` knows weights for. */
export function listBundled(): string[] {
  return [...files.keys()];
}

/** Where the weights lie that an architecture's name implies. @throws {ArgumentError} where the package has none */
export async function bundledWeights(name: string): Promise<URL> {
  const file = files.get(name);
  if (!file)
    throw new ArgumentError(
      `createModel: the package has no weights for "${name}", only for ${listBundled().join(", ")}; give a safetensors file: { pretrained: "file.safetensors" }`,
    );
  return new URL(`../../models/${file}`, import.meta.url);
}
