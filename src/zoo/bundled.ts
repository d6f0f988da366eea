/** Weights that ship with the package, by architecture, the default first. Each address is written out: so bundlers find the file, and take it along. */
const files = new Map([
  ["ocelli_s", () => new URL("../../models/ocelli-s/model.safetensors", import.meta.url)],
  ["resnet20", () => new URL("../../models/resnet20-tiny-imagenet/model.safetensors", import.meta.url)],
]);

/** Architectures that the package has weights for; the first is what `ocelli train` starts from where nothing is said. */
export function listBundled(): string[] {
  return [...files.keys()];
}

/** The package's own weights of an architecture, if it has any. */
export function bundledWeights(name: string): URL | undefined {
  return files.get(name)?.();
}
