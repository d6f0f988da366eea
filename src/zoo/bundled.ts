/** Weights that ship with the package: architecture name -> file below `models/`. */
const files = new Map([["resnet20", "resnet20-tiny-imagenet/model.safetensors"]]);

/** Architectures that the package has weights for. */
export function listBundled(): string[] {
  return [...files.keys()];
}

/** The package's own weights of an architecture, if it has any. */
export function bundledWeights(name: string): URL | undefined {
  const file = files.get(name);
  return file === undefined ? undefined : new URL(`../../models/${file}`, import.meta.url);
}
